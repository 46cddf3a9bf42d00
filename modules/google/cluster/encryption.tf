# Kubernetes secrets are encrypted in etcd with this key, besides Google's own encryption of the disks. A cluster whose
# key is gone cannot be saved: hence the long time before a deletion becomes final.

locals {
  own_key     = local.settings.secrets_encryption.key == null
  secrets_key = local.own_key ? google_kms_crypto_key.secrets[0].id : local.settings.secrets_encryption.key
}

# Google never deletes a key ring, and never gives its name away again. With this part in the name a cluster can be
# destroyed and made again.
resource "terraform_data" "key_ring_suffix" {
  count = local.own_key ? 1 : 0

  input = substr(uuid(), 0, 8)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "google_kms_key_ring" "this" {
  count = local.own_key ? 1 : 0

  name     = "${local.name}-${terraform_data.key_ring_suffix[0].output}"
  project  = local.project
  location = local.region
}

resource "google_kms_crypto_key" "secrets" {
  count = local.own_key ? 1 : 0

  name                       = "secrets"
  key_ring                   = google_kms_key_ring.this[0].id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "${local.settings.secrets_encryption.rotation_period_days * 24 * 60 * 60}s"
  destroy_scheduled_duration = "${30 * 24 * 60 * 60}s"
  labels                     = local.labels
}

resource "google_kms_crypto_key_iam_member" "service_agent" {
  count = local.own_key ? 1 : 0

  crypto_key_id = google_kms_crypto_key.secrets[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@container-engine-robot.iam.gserviceaccount.com"
}
