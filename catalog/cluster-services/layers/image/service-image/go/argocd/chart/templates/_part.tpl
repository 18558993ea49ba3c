{{- define "argocd.secure" -}}
{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
{{- end }}
{{- define "argocd.password" -}}
- name: REDIS_PASSWORD
  valueFrom: {secretKeyRef: {name: argocd-redis, key: auth}}
{{- end }}
{{- define "argocd.env" -}}
{{- range $name, $value := .Values.env }}
- {name: {{ $name }}, value: {{ toJson $value }}}
{{- end }}
{{- end }}
