// Command aisle is a datacenter infrastructure management platform: it reads
// the plant, keeps its history and shows it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr, in: os.Stdin}, os.LookupEnv)
	stop()
	os.Exit(code)
}
