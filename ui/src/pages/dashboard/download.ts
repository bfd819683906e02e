// Hands a text to the reader as a file.
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name.replace(/[/\\]/g, '-');
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
