#!/usr/bin/env bash
# Does the machine run, from the right image, and does it answer?
set -euo pipefail
. ./names.sh
look
[[ $status == running ]] || { echo "the container $machine is $status"; exit 1; }
[[ $found_recipe == "$recipe" ]] || { echo "$machine was made from another image"; exit 1; }
ssh_answers || { echo "$STRATA_INPUT_NAME: sshd does not answer"; exit 1; }
