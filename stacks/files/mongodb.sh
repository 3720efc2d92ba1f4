#!/bin/bash
# Installs MongoDB on Amazon Linux 2023 and lets the network's tasks in. Runs when the machine first starts.
set -euo pipefail
cat >/etc/yum.repos.d/mongodb-org-7.0.repo <<'REPO'
[mongodb-org-7.0]
name=MongoDB Repository
baseurl=https://repo.mongodb.org/yum/amazon/2023/mongodb-org/7.0/$basearch/
gpgcheck=1
enabled=1
gpgkey=https://pgp.mongodb.com/server-7.0.asc
REPO
dnf install -y mongodb-org
sed -i 's/bindIp: .*/bindIp: 0.0.0.0/' /etc/mongod.conf
systemctl enable --now mongod
