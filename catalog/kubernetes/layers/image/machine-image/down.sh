#!/usr/bin/env bash
# Removes the archive.
rm -rf "${STRATA_STATE:?}"/*
