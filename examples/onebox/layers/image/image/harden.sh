#!/usr/bin/env bash
# Hardens the tree: the SCAP Security Guide's own playbook for Debian 11, profile standard, and what that leaves open.
set -euo pipefail
if [[ $HARDEN != true ]]; then
  echo 'left the tree unhardened, as asked'
  exit
fi

# kernel settings go into the tree's files; the kernel that builds keeps its own
mv out/tree/sbin/sysctl out/sysctl
ln -s /bin/true out/tree/sbin/sysctl

# the playbook has sshd judge its configuration, for which that wants a host key
mkdir -p out/tree/run/sshd
ssh-keygen -q -t ed25519 -N '' -f out/tree/etc/onebox/ssh_host_ed25519_key

# Facts of the machine that builds are not those of the machines that run the image.
# A rule that the image breaks on purpose (waived in component.yaml) is skipped.
export ANSIBLE_LOCAL_TEMP=$PWD/out/ansible ANSIBLE_NOCOWS=1 ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3
export ANSIBLE_DISPLAY_OK_HOSTS=no ANSIBLE_DISPLAY_SKIPPED_HOSTS=no ANSIBLE_SYSTEM_WARNINGS=no
ansible-playbook /usr/share/scap-security-guide/ansible/debian11-playbook-standard.yml \
  --inventory "$PWD/out/tree," --connection community.general.chroot \
  --extra-vars ansible_virtualization_type=kvm --skip-tags sshd_disable_root_login

rm -rf out/ansible out/tree/run/sshd out/tree/etc/onebox/*
mv out/sysctl out/tree/sbin/sysctl

# what the profile checks and the playbook leaves: idle sessions are noticed, log files are there with their modes
echo 'ClientAliveInterval 300' >>out/tree/etc/ssh/sshd_config
sed -nE 's#^[^$\#].*[[:space:]]-?(/var/log/[a-z.]+)$#out/tree\1#p' out/tree/etc/rsyslog.conf |
  xargs -n 1 install --mode 640 --owner 0 --group 4 /dev/null
