#!/bin/sh
# Stands in for an amphora where only its life matters: says how it was started, and waits to be
# stopped. It ends by itself after a minute.
echo "$@" > arguments
env > environment
echo started
trap 'exit 0' TERM
for _ in $(seq 600); do
    sleep 0.1 &
    wait $!
done
