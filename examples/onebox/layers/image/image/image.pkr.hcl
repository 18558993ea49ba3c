# The image of all hosts: a Debian 11 tree, hardened with the SCAP Security Guide, in the formats of five platforms.
# (Debian 11, as the guide in Debian 12 has content for it.) The disks hold the root file system on one ext4
# partition-less volume and no boot loader: they show the formats, containers run from the tree.

variable "harden" {
  type        = bool
  default     = true
  description = "Apply the guide's standard profile; without it the image fails its verification."
}

variable "epoch" {
  type        = number
  default     = 1767225600 # 2026-01-01, for every file that a build makes anew
  description = "SOURCE_DATE_EPOCH."
}

source "null" "debian" {
  communicator = "none"
}

build {
  sources = ["source.null.debian"]

  provisioner "shell-local" {
    environment_vars = ["SOURCE_DATE_EPOCH=${var.epoch}", "HARDEN=${var.harden}"]
    scripts          = ["./tree.sh"]
  }
  provisioner "shell-local" {
    environment_vars = ["HARDEN=${var.harden}"]
    scripts          = ["./harden.sh"]
  }
  provisioner "shell-local" {
    environment_vars = ["SOURCE_DATE_EPOCH=${var.epoch}"]
    scripts          = ["./export.sh"]
  }
}
