// The templates that users refer to by upstream's names. Their output is upstream's to the last
// space; `{{-` and `-}}` only keep the sources readable.
#include "alerting/receivers/templates.h"

namespace meerkat::alerting {

std::string_view DefaultTemplates() {
  return R"TEMPLATE(
{{- define "__alertmanager" }}Alertmanager{{ end -}}

{{- define "__alertmanagerURL" }}{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}{{ end -}}

{{- define "__subject" -}}
[{{ toUpper .Status }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}] {{ join " " .GroupLabels.SortedPairs.Values }}{{ " " }}
{{- if gt (len .CommonLabels) (len .GroupLabels) -}}
({{ join " " (.CommonLabels.Remove .GroupLabels.Names).SortedPairs.Values }})
{{- end -}}
{{- end -}}

{{- define "__description" }}{{ end -}}

{{- define "__text_alert_list" -}}
{{- range . -}}
Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }}
{{ end -}}
{{- end -}}

{{- define "__text_alert_list_markdown" -}}
{{- range . }}
Labels:
{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Annotations:
{{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Source: {{ .GeneratorURL }}
{{ end }}
{{ end -}}

{{- /* Values, then each list under its heading. */ -}}
{{- define "__summary" -}}
{{ join " " .CommonAnnotations.SortedPairs.Values }}
{{ if .Alerts.Firing }}Alerts Firing:
{{ template "__text_alert_list" .Alerts.Firing }}{{ end }}
{{ if .Alerts.Resolved }}Alerts Resolved:
{{ template "__text_alert_list" .Alerts.Resolved }}{{ end }}
{{- end -}}

{{- /* The same with more air. */ -}}
{{- define "__lists" -}}
{{ if .Alerts.Firing }}
Alerts Firing:
{{ template "__text_alert_list" .Alerts.Firing }}
{{ end }}
{{ if .Alerts.Resolved }}
Alerts Resolved:
{{ template "__text_alert_list" .Alerts.Resolved }}
{{ end }}
{{ end -}}

{{- define "__message" -}}
{{ join " " .CommonAnnotations.SortedPairs.Values }}
{{ template "__lists" . }}
{{- end -}}

{{- define "__plain_message" }}
{{ template "__lists" . }}
{{- end -}}

{{- define "__markdown_message" }}
{{ if .Alerts.Firing }}
# Alerts Firing:
{{ template "__text_alert_list_markdown" .Alerts.Firing }}
{{ end }}
{{ if .Alerts.Resolved }}
# Alerts Resolved:
{{ template "__text_alert_list_markdown" .Alerts.Resolved }}
{{ end }}
{{ end -}}

{{- define "slack.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end -}}
{{- define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end -}}
{{- define "slack.default.callbackid" }}{{ end -}}
{{- define "slack.default.pretext" }}{{ end -}}
{{- define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end -}}
{{- define "slack.default.iconemoji" }}{{ end -}}
{{- define "slack.default.iconurl" }}{{ end -}}
{{- define "slack.default.text" }}{{ end -}}
{{- define "slack.default.footer" }}{{ end -}}
{{- define "slack.default.color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end -}}

{{- define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end -}}
{{- define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end -}}
{{- define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end -}}
{{- define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end -}}

{{- define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end -}}
{{- define "opsgenie.default.description" }}{{ template "__summary" . }}{{ end -}}
{{- define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end -}}

{{- define "wechat.default.message" }}{{ template "__subject" . }}
{{ template "__summary" . }}
AlertmanagerUrl:
{{ template "__alertmanagerURL" . }}
{{- end -}}
{{- define "wechat.default.to_user" }}{{ end -}}
{{- define "wechat.default.to_party" }}{{ end -}}
{{- define "wechat.default.to_tag" }}{{ end -}}
{{- define "wechat.default.agent_id" }}{{ end -}}

{{- define "victorops.default.state_message" }}{{ template "__summary" . }}{{ end -}}
{{- define "victorops.default.entity_display_name" }}{{ template "__subject" . }}{{ end -}}
{{- define "victorops.default.monitoring_tool" }}{{ template "__alertmanager" . }}{{ end -}}

{{- define "pushover.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "pushover.default.message" }}{{ template "__message" . }}{{ end -}}
{{- define "pushover.default.url" }}{{ template "__alertmanagerURL" . }}{{ end -}}

{{- define "sns.default.subject" }}{{ template "__subject" . }}{{ end -}}
{{- define "sns.default.message" }}{{ template "__message" . }}{{ end -}}

{{- define "telegram.default.message" }}{{ template "__plain_message" . }}{{ end -}}

{{- define "discord.default.content" }}{{ end -}}
{{- define "discord.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "discord.default.message" }}{{ template "__plain_message" . }}{{ end -}}

{{- define "webex.default.message" }}{{ template "__message" . }}{{ end -}}

{{- define "msteams.default.summary" }}{{ template "__subject" . }}{{ end -}}
{{- define "msteams.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "msteams.default.text" }}{{ template "__markdown_message" . }}{{ end -}}
{{- define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "msteamsv2.default.text" }}{{ template "__markdown_message" . }}{{ end -}}

{{- define "jira.default.summary" }}{{ template "__subject" . }}{{ end -}}
{{- define "jira.default.description" }}{{ template "__markdown_message" . }}{{ end -}}
{{- define "jira.default.priority" -}}
{{- $alerts := .Alerts.Resolved }}{{ if .Alerts.Firing }}{{ $alerts = .Alerts.Firing }}{{ end -}}
{{- $critical := false }}{{ $warning := false }}{{ $info := false -}}
{{- range $alerts -}}
{{- if eq .Labels.severity "critical" }}{{ $critical = true -}}
{{- else if eq .Labels.severity "warning" }}{{ $warning = true -}}
{{- else if eq .Labels.severity "info" }}{{ $info = true }}{{ end -}}
{{- end -}}
{{- if $critical }}High{{ else if $warning }}Medium{{ else if $info }}Low{{ end -}}
{{- end -}}

{{- define "rocketchat.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "rocketchat.default.alias" }}{{ template "__alertmanager" . }}{{ end -}}
{{- define "rocketchat.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end -}}
{{- define "rocketchat.default.emoji" }}{{ end -}}
{{- define "rocketchat.default.iconurl" }}{{ end -}}
{{- define "rocketchat.default.text" }}{{ end -}}

{{- define "mattermost.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "mattermost.default.username" }}{{ template "__alertmanager" . }}{{ end -}}
{{- define "mattermost.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end -}}
{{- define "mattermost.default.fallback" }}{{ template "mattermost.default.title" . }} | {{ template "mattermost.default.titlelink" . }}{{ end -}}
{{- define "mattermost.default.color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end -}}
{{- define "mattermost.default.text" }}{{ template "__markdown_message" . }}{{ end -}}

{{- define "email.default.subject" }}{{ template "__subject" . }}{{ end -}}
)TEMPLATE";
}

std::string_view DefaultHtmlTemplates() {
  // Mail readers know tables and inline styles, little else.
  return R"TEMPLATE(
{{- define "__email_alerts" -}}
{{- range . }}
<tr><td style="padding: 0 24px 20px 24px; font: 14px/1.5 Helvetica, Arial, sans-serif; color: #24292f;">
<p style="margin: 0 0 4px 0; font-weight: bold;">Labels</p>
{{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}<br>
{{ end -}}
{{- if .Annotations }}
<p style="margin: 8px 0 4px 0; font-weight: bold;">Annotations</p>
{{ range .Annotations.SortedPairs }}{{ .Name }} = {{ .Value }}<br>
{{ end -}}
{{- end }}
<p style="margin: 8px 0 0 0;"><a href="{{ .GeneratorURL }}" style="color: #348eda;">Source</a></p>
</td></tr>
{{- end -}}
{{- end -}}

{{- define "__email_heading" -}}
<tr><td style="padding: 20px 24px 8px 24px; font: bold 17px/1.3 Helvetica, Arial, sans-serif; color: #24292f;">{{ . }}</td></tr>
{{- end -}}

{{- define "email.default.html" -}}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ template "__subject" . }}</title>
</head>
<body style="margin: 0; padding: 24px 8px; background-color: #f6f8fa;">
<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" style="max-width: 600px; margin: 0 auto; background-color: #ffffff; border: 1px solid #d8dee4; border-radius: 6px;">
<tr><td style="padding: 18px 24px; border-radius: 5px 5px 0 0; font: bold 16px/1.4 Helvetica, Arial, sans-serif; color: #ffffff; background-color: {{ if .Alerts.Firing }}#E6522C{{ else }}#68B90F{{ end }};">
{{ len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for{{ range .GroupLabels.SortedPairs }} {{ .Name }}={{ .Value }}{{ end }}
</td></tr>
<tr><td style="padding: 20px 24px 0 24px;"><a href="{{ template "__alertmanagerURL" . }}" style="display: inline-block; padding: 9px 18px; border-radius: 5px; font: bold 14px/1.4 Helvetica, Arial, sans-serif; color: #ffffff; background-color: #348eda; text-decoration: none;">View in {{ template "__alertmanager" . }}</a></td></tr>
{{- if .Alerts.Firing }}
{{ template "__email_heading" (printf "[%d] Firing" (len .Alerts.Firing)) }}
{{- template "__email_alerts" .Alerts.Firing }}
{{- end }}
{{- if and .Alerts.Firing .Alerts.Resolved }}
<tr><td style="padding: 0 24px;"><hr style="border: 0; border-top: 1px solid #d8dee4;"></td></tr>
{{- end }}
{{- if .Alerts.Resolved }}
{{ template "__email_heading" (printf "[%d] Resolved" (len .Alerts.Resolved)) }}
{{- template "__email_alerts" .Alerts.Resolved }}
{{- end }}
</table>
<p style="margin: 16px 0 0 0; text-align: center; font: 12px/1.5 Helvetica, Arial, sans-serif;"><a href="{{ .ExternalURL }}" style="color: #57606a;">Sent by {{ template "__alertmanager" . }}</a></p>
</body>
</html>
{{ end -}}
)TEMPLATE";
}

}  // namespace meerkat::alerting
