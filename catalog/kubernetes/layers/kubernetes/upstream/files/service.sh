#!/bin/sh
# A service of Kubernetes under systemd or runit.
#   service.sh MANAGER run NAME    its script is on standard input; says `changed` when it had to do something
#   service.sh MANAGER restart NAME
#   service.sh MANAGER remove NAME
set -eu
manager=$1 verb=$2 name=$3
all=/etc/kubernetes/services
script=$all/$name
unit=kubernetes-$name

is_up() {
  case $manager in
    runit) sv status "/etc/sv/$unit" 2>/dev/null | grep -q '^run:' ;;
    systemd) systemctl is-active --quiet "$unit" ;;
  esac
}

if [ "$verb" = remove ]; then
  case $manager in
    runit)
      rm -f "/etc/service/$unit"
      [ ! -e "/etc/sv/$unit/supervise/ok" ] || sv -w 20 force-shutdown "/etc/sv/$unit" || [ $? = 1 ] # 1: it had to be killed
      rm -rf "/etc/sv/$unit" "/var/log/$unit"
      ;;
    systemd)
      systemctl disable --now "$unit" 2>/dev/null || true
      rm -f "/etc/systemd/system/$unit.service"
      systemctl daemon-reload
      ;;
  esac
  rm -f "$script"
  exit
fi

if [ "$verb" = restart ]; then
  case $manager in
    runit) sv -w 30 force-restart "/etc/sv/$unit" >/dev/null || true ;;
    systemd) systemctl restart "$unit" ;;
  esac
  echo changed
  exit
fi

mkdir -p "$all"
new=$all/.$name.new
cat >"$new"
chmod 700 "$new"
if cmp -s "$new" "$script" && is_up; then
  rm "$new"
  exit
fi
mv "$new" "$script"
case $manager in
  runit)
    mkdir -p "/etc/sv/$unit/log" "/var/log/$unit"
    printf '#!/bin/sh\nexec 2>&1\nexec %s\n' "$script" >"/etc/sv/$unit/run"
    printf '#!/bin/sh\nexec svlogd /var/log/%s\n' "$unit" >"/etc/sv/$unit/log/run"
    chmod 755 "/etc/sv/$unit/run" "/etc/sv/$unit/log/run"
    if [ -e "/etc/service/$unit" ]; then
      sv -w 30 force-restart "/etc/sv/$unit" >/dev/null || true
    else
      ln -s "/etc/sv/$unit" "/etc/service/$unit"
    fi
    ;;
  systemd)
    cat >"/etc/systemd/system/$unit.service" <<U
[Unit]
Description=$unit
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=$script
Restart=always
RestartSec=2
Delegate=yes
KillMode=process
LimitNOFILE=1048576

[Install]
WantedBy=multi-user.target
U
    systemctl daemon-reload
    systemctl enable --quiet "$unit"
    systemctl restart "$unit"
    ;;
esac
# one that ends at once is no service
sleep 2
tries=0
until is_up; do
  tries=$((tries + 1))
  [ "$tries" -lt 10 ] || {
    echo "$unit does not stay up; its last words:" >&2
    case $manager in
      runit) tail -n 5 "/var/log/$unit/current" >&2 ;;
      systemd) journalctl --unit "$unit" --lines 5 --no-pager >&2 ;;
    esac
    exit 1
  }
  sleep 1
done
echo changed
