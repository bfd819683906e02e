// Runs before the first paint: sets the theme, so that nothing flashes.
// `?theme=dark|light` wins over the stored choice, which wins over the system's.
(() => {
  const system = matchMedia('(prefers-color-scheme: light)');
  const apply = () => {
    let choice = new URLSearchParams(location.search).get('theme');
    try {
      choice ??= localStorage.getItem('meerkat.theme');
    } catch {
      // Storage may be switched off; the system's choice stands.
    }
    const light = choice === 'light' || (choice !== 'dark' && system.matches);
    document.documentElement.dataset.theme = light ? 'light' : 'dark';
  };
  apply();
  system.addEventListener('change', () => {
    apply();
    dispatchEvent(new Event('meerkat:theme'));
  });
  addEventListener('meerkat:theme-choice', () => {
    apply();
    dispatchEvent(new Event('meerkat:theme'));
  });
})();
