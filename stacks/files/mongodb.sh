#!/bin/bash
# Installs MongoDB on Amazon Linux 2023, with its data on a volume of its own, and lets the network's tasks in. Runs
# when the machine first starts. The volume comes a little later: empty, or with the data of the machine before.
# SECRET and REGION say where the login is that the tasks use.
set -euo pipefail
device=/dev/sdf
data=/var/lib/mongo

# Amazon Linux makes a link of this name to whatever the device is really called.
for _ in $(seq 360); do
  [ -b "$device" ] && break
  sleep 5
done
[ -b "$device" ] || { echo "there is no volume at $device after half an hour" >&2; exit 1; }

# Only where blkid says that there is nothing at all; mkfs refuses to overwrite a file system as well.
known=0
blkid -p "$device" || known=$?
case $known in
  0) ;;
  2) mkfs.xfs "$device" ;;
  *) echo "cannot tell what is on $device" >&2; exit 1 ;;
esac
uuid=$(blkid -p -s UUID -o value "$device")
mkdir -p "$data"
grep -q "UUID=$uuid " /etc/fstab || echo "UUID=$uuid $data xfs defaults,noatime,nofail 0 2" >>/etc/fstab
systemctl daemon-reload
mountpoint -q "$data" || mount "$data"
# It may have grown.
xfs_growfs "$data"

# Without its volume MongoDB does not start: it would begin with nothing on the root volume.
mkdir -p /etc/systemd/system/mongod.service.d
cat >/etc/systemd/system/mongod.service.d/data.conf <<UNIT
[Unit]
RequiresMountsFor=$data
UNIT

cat >/etc/yum.repos.d/mongodb-org-7.0.repo <<'REPO'
[mongodb-org-7.0]
name=MongoDB Repository
baseurl=https://repo.mongodb.org/yum/amazon/2023/mongodb-org/7.0/$basearch/
gpgcheck=1
enabled=1
gpgkey=https://pgp.mongodb.com/server-7.0.asc
REPO
dnf install -y mongodb-org
# The number of the user may be another one than on the machine before.
chown -R mongod:mongod "$data"
sed -i 's/bindIp: .*/bindIp: 0.0.0.0/' /etc/mongod.conf
grep -q '^security:' /etc/mongod.conf || printf 'security:\n  authorization: enabled\n' >>/etc/mongod.conf
systemctl daemon-reload
systemctl enable --now mongod

# MongoDB lets the first user be made from the machine itself, without a login. A volume that was in use has it.
for _ in $(seq 60); do
  mongosh --quiet --eval 'db.hello().ok' && break
  sleep 2
done
install -m 600 /dev/null /run/login.js
aws secretsmanager get-secret-value --region "$REGION" --secret-id "$SECRET" --query SecretString --output text |
  python3 -c '
import json, sys
login = json.load(sys.stdin)
roles = [{"role": "readWrite", "db": "healthcare"}]
user = json.dumps({"user": login["username"], "pwd": login["password"], "roles": roles})
print("try { db.createUser(%s) } catch (e) { if (!/requires authentication|already exists/.test(e.message)) throw e }" % user)
' >/run/login.js
mongosh --quiet admin /run/login.js
rm /run/login.js
