{{/* Alertmanager's configuration, as JSON: the value `config`, or what the other values say. */}}
{{- define "config" -}}
{{- $known := prepend (keys .Values.receivers) "nobody" }}
{{- $default := default "nobody" .Values.default }}
{{- range append (values .Values.severities) $default }}
{{- if not (has . $known) }}{{ fail (printf "there is no receiver %q: `receivers` has %s" . (join ", " (sortAlpha $known))) }}{{ end }}
{{- end }}
{{- $receivers := list (dict "name" "nobody") }}
{{- range $name, $of := .Values.receivers }}
{{- $receiver := merge (dict "name" $name) (default dict $of.configs) }}
{{- with $of.webhook }}
{{- $_ := set $receiver "webhook_configs" (append (default list $receiver.webhook_configs) (dict "url" . "send_resolved" true)) }}
{{- end }}
{{- with $of.email }}
{{- if not $.Values.mail.smarthost }}{{ fail (printf "receiver %q has an `email`: say `mail.smarthost` and `mail.from`" $name) }}{{ end }}
{{- $_ := set $receiver "email_configs" (append (default list $receiver.email_configs) (dict "to" . "send_resolved" true)) }}
{{- end }}
{{- $receivers = append $receivers $receiver }}
{{- end }}
{{- /* the heartbeat is for machines: it never goes where alarms go */}}
{{- $heartbeat := default "nobody" .Values.heartbeat.receiver }}
{{- if not (has $heartbeat $known) }}{{ fail (printf "there is no receiver %q for the heartbeat" $heartbeat) }}{{ end }}
{{- $every := .Values.heartbeat.every }}
{{- $routes := list (dict "matchers" (list "alertname=\"Watchdog\"") "receiver" $heartbeat "group_wait" "0s" "group_interval" $every "repeat_interval" $every) }}
{{- range $severity, $name := .Values.severities }}
{{- $routes = append $routes (dict "matchers" (list (printf "severity=%q" $severity)) "receiver" $name) }}
{{- end }}
{{- $below := list }}
{{- $inhibit := list }}
{{- range .Values.layers }}
{{- if $below }}
{{- $inhibit = append $inhibit (dict "source_matchers" (list (printf "layer=~%q" (join "|" $below)) "severity=\"critical\"") "target_matchers" (list (printf "layer=%q" .) "severity!=\"critical\"")) }}
{{- end }}
{{- $below = append $below . }}
{{- end }}
{{- $global := dict }}
{{- with .Values.mail.smarthost }}{{ $_ := set $global "smtp_smarthost" . }}{{ end }}
{{- with .Values.mail.from }}{{ $_ := set $global "smtp_from" . }}{{ end }}
{{- with .Values.mail.username }}{{ $_ := set $global "smtp_auth_username" . }}{{ end }}
{{- with .Values.mail.password }}{{ $_ := set $global "smtp_auth_password" . }}{{ end }}
{{- $wait := .Values.wait }}
{{- $route := dict "receiver" $default "group_by" (list "alertname" "layer" "namespace") "group_wait" $wait.group "group_interval" $wait.more "repeat_interval" $wait.again "routes" $routes }}
{{- $made := dict "global" $global "route" $route "receivers" $receivers "inhibit_rules" $inhibit }}
{{- toJson (default $made .Values.config) }}
{{- end }}
