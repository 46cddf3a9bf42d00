variable "deploy_key" {
  description = "Public key with which engines read the repository, as ssh-keygen writes it; null if they read it otherwise. The private part stays out of here: `kstack sync --deploy-key` hands it to a cluster."
  type        = string
  default     = null

  validation {
    condition     = var.deploy_key == null || can(regex("^(ssh-ed25519|ecdsa-sha2-nistp[0-9]+|ssh-rsa) ", var.deploy_key))
    error_message = "`deploy_key` must be a public key: one line that begins with its type."
  }
}

variable "webhook" {
  description = "Address that is told of every push, such as a Receiver of Flux, so that it need not be waited for; null means none."
  type        = string
  default     = null

  validation {
    condition     = var.webhook == null || can(regex("^https://", var.webhook))
    error_message = "`webhook` must be an address that begins with `https://`."
  }
}

variable "webhook_secret" {
  description = "What the receiver knows senders by, set by TF_VAR_webhook_secret. It is in the state, which the pipeline can read: use it for nothing else."
  type        = string
  default     = null
  sensitive   = true
}
