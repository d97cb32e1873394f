package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/durable"
	"github.com/krako-labs/krako/kora/local"
	"github.com/krako-labs/krako/studio"
	"github.com/krako-labs/krako/studio/history"
	"github.com/krako-labs/krako/studio/ui"
)

// maxKept bounds the blocks that Studio keeps on disk, in bytes.
const maxKept = 8 << 30

func (a *app) studioCommand() *cobra.Command {
	var listen, token string
	var noBrowser bool
	cmd := &cobra.Command{
		Use: "studio", Short: "Chat in the browser, and see why", Args: cli.Exactly(),
		Long: `studio serves KORA Studio on this computer and opens it in the browser. It needs no
network and no model: what can be computed is computed here, and Ollama, LM Studio
and llama.cpp are found when they run on this computer. Chats, files and runs
stay in the data directory.

Only this computer can reach it, unless --listen says otherwise; then everybody who
asks has to show a token, which is printed with the address.`,
		Example: "  kora studio\n  kora studio --no-browser --listen 127.0.0.1:9000",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serveStudio(cmd.Context(), listen, token, !noBrowser)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8765", "where to listen; port 0 takes any that is free")
	cmd.Flags().StringVar(&token, "token", "", "what has to be shown off this computer (default: a random one)")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "open no browser")
	return cmd
}

func (a *app) serveStudio(ctx context.Context, listen, token string, browse bool) (err error) {
	if a.dir == "" {
		return cli.Usagef("there is no home directory: say --data-dir")
	}
	dir := filepath.Join(a.dir, "studio")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	lock, err := durable.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return contracts.Errorf(contracts.CodeConflict, dir, "another Studio uses this directory: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return contracts.Errorf(contracts.CodeNetwork, listen, "listen: %w", err)
	}
	defer ln.Close()
	at := ln.Addr().(*net.TCPAddr)
	hosts, private := reachable(at)
	if !private && token == "" {
		token = rand.Text()
	}
	o, done, err := a.studioOptions(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	o.Hosts, o.Token = hosts, token
	s, err := studio.New(ctx, o)
	if err != nil {
		return err
	}
	defer s.Close()
	address := "http://" + net.JoinHostPort(hosts[0], strconv.Itoa(at.Port)) + "/"
	if token != "" {
		address += "?token=" + token
	}
	a.printf("KORA Studio is at %s\n", address)
	if browse {
		openBrowser(address)
	}
	return serveUntil(ctx, ctx, ln, s.Handler())
}

// studioOptions opens what a Studio stands on. done closes it.
func (a *app) studioOptions(ctx context.Context, dir string) (o studio.Options, done func() error, err error) {
	log, err := cli.Logger(a.stderr, "warn")
	if err != nil {
		return o, nil, err
	}
	key, err := studioKey(filepath.Join(dir, "key.pem"))
	if err != nil {
		return o, nil, err
	}
	blocks, err := blob.OpenDir(filepath.Join(dir, "blocks"), blob.DirOptions{MaxBytes: maxKept})
	if err != nil {
		return o, nil, err
	}
	kept, err := history.Open(ctx, filepath.Join(dir, "history.db"))
	if err != nil {
		return o, nil, err
	}
	lo := local.Options{Version: cli.Version(), CacheDir: filepath.Join(a.dir, "compiled"), Blocks: blocks, Log: log}
	models, err := a.studioModels(ctx)
	if models != nil {
		lo.Models, o.Models = models, listModels(models)
	}
	if err != nil {
		return o, nil, errors.Join(err, kept.Close())
	}
	k, err := local.Open(ctx, lo)
	if err != nil {
		return o, nil, errors.Join(err, kept.Close())
	}
	k.ModelPlans = a.model.plans
	done = func() error { return errors.Join(k.Close(context.WithoutCancel(ctx)), kept.Close()) }
	o.Engine, o.History, o.UI, o.Key, o.FabricFile = k.Engine, kept, ui.Files(), key, filepath.Join(dir, "fabric.json")
	o.Zone, o.Locale, o.Version, o.Log = a.zone, a.locale, cli.Version(), log
	return o, done, nil
}

// reachable are the names of this computer under which an address is reached, and
// whether only this computer reaches it.
func reachable(at *net.TCPAddr) (hosts []string, private bool) {
	if !at.IP.IsUnspecified() {
		return []string{at.IP.String()}, at.IP.IsLoopback()
	}
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	all, _ := net.InterfaceAddrs() // without them it goes by its names
	for _, x := range all {
		if n, ok := x.(*net.IPNet); ok {
			hosts = append(hosts, n.IP.String())
		}
	}
	return append(hosts, "localhost"), false
}

const keyBlock = "KORA STUDIO ED25519 SEED"

// studioKey reads the key that this computer signs results with, or makes it.
func studioKey(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		return ed25519.NewKeyFromSeed(seed), cli.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: seed}))
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	b, _ := pem.Decode(data)
	if b == nil || b.Type != keyBlock || len(b.Bytes) != ed25519.SeedSize {
		return nil, contracts.Errorf(contracts.CodeValidation, path, "is no key of Studio")
	}
	return ed25519.NewKeyFromSeed(b.Bytes), nil
}
