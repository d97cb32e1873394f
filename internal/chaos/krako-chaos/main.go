// Command krako-chaos is a node that breaks the rules as a plan says, for tests
// of clusters (package chaos). It is not shipped.
//
//	krako-chaos -data-dir DIR -coordinator ADDR[,ADDR...] -plan '{"seed":7,"rates":{"lie":0.1}}'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/krako-labs/krako/internal/chaos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "krako-chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	fs := flag.NewFlagSet("krako-chaos", flag.ContinueOnError)
	fs.SetOutput(log)
	dir := fs.String("data-dir", "", "where the key is kept")
	addrs := fs.String("coordinator", "", "multiaddrs of the coordinator, separated by commas")
	plan := fs.String("plan", "{}", "what to do, as JSON")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *dir == "" || *addrs == "" || fs.NArg() > 0 {
		return errors.New("-data-dir and -coordinator are needed, and nothing else but -plan")
	}
	p, err := chaos.ParsePlan([]byte(*plan))
	if err != nil {
		return err
	}
	cfg := chaos.Config{DataDir: *dir, Coordinators: strings.Split(*addrs, ","), Plan: p}
	return chaos.Run(ctx, cfg, slog.New(slog.NewJSONHandler(log, nil)))
}
