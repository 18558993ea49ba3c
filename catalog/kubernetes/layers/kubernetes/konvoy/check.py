#!/usr/bin/env python3
"""Does the cluster answer, with all its nodes?"""
import sys

sys.dont_write_bytecode = True
from cluster import STATE, answers

answers(STATE / "admin.conf")
