terraform {
  # The rest comes from environments/shared.tfbackend. The first time there is nothing to keep a state in yet:
  # `kstack bootstrap` keeps it on disk then, makes the bucket, and moves it there.
  backend "s3" {}
}
