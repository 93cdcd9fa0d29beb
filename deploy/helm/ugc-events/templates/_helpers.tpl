{{/* What every object is called: the release's name, with the chart's where it does not say it. */}}
{{- define "ugc.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ugc.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ugc.labels" -}}
{{ include "ugc.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "ugc.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "ugc.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "ugc.name" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* The name of the Secret with variables, or nothing. */}}
{{- define "ugc.secret" -}}
{{- if .Values.secrets.existing -}}
{{ .Values.secrets.existing }}
{{- else if .Values.secrets.values -}}
{{ include "ugc.name" . }}
{{- end -}}
{{- end -}}

{{/* Settings and secrets as a container gets them. In: context, and a suffix of the names of those
     that this chart makes ("" or "-init"). */}}
{{- define "ugc.envFrom" -}}
- configMapRef: {name: {{ include "ugc.name" .context }}{{ .suffix }}}
{{- with include "ugc.secret" .context }}
- secretRef: {name: {{ . }}{{ if not $.context.Values.secrets.existing }}{{ $.suffix }}{{ end }}}
{{- end }}
{{- end -}}

{{- define "ugc.variables" -}}
{{- range $name, $value := . }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{- define "ugc.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* What all pods have in common. In: context, and the service account. */}}
{{- define "ugc.pod" -}}
{{- $account := .account -}}
{{- with .context -}}
serviceAccountName: {{ $account }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}
{{- end -}}

{{- define "ugc.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.contracts.volume }}
- {name: contracts, mountPath: /etc/ugc/contracts, readOnly: true}
{{- end }}
{{- if .Values.files.existingSecret }}
- {name: files, mountPath: /etc/ugc/files, readOnly: true}
{{- end }}
{{- end -}}

{{- define "ugc.volumes" -}}
- {name: tmp, emptyDir: {sizeLimit: 64Mi}}
{{- with .Values.contracts.volume }}
- name: contracts
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.files.existingSecret }}
- {name: files, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- end -}}

{{- define "ugc.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A change of a setting is a change of the pods, which then start anew. */}}
{{- define "ugc.checksums" -}}
checksum/settings: {{ .Values.settings | toJson | sha256sum }}
checksum/secrets: {{ .Values.secrets | toJson | sha256sum }}
{{- end -}}

{{- define "ugc.settings" -}}
{{- range $name, $value := .Values.settings }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- if .Values.contracts.volume }}
CONTRACTS_DIR: /etc/ugc/contracts
{{- end }}
{{- end -}}
