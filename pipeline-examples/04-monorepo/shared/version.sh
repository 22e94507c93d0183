#!/bin/sh
VERSION=1.0
