{{/* The groups of rules/ that are wanted, with their times, and those of the value `groups`; as JSON. */}}
{{- define "groups" -}}
{{- $groups := list }}
{{- range .Values.rules }}
{{- $rules := list }}
{{- range $rule := $.Files.Get (printf "rules/%s.yaml" .) | fromYamlArray }}
{{- with index $.Values.for $rule.alert }}{{ $_ := set $rule "for" . }}{{ end }}
{{- $rules = append $rules $rule }}
{{- end }}
{{- $groups = append $groups (dict "name" . "rules" $rules) }}
{{- end }}
{{- toJson (concat $groups .Values.groups) }}
{{- end }}
