package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/spf13/cobra"
)

// clusterLock marks a directory as the running cluster of one process. The file
// holds that process's id; it is complete once the cluster is up.
type clusterLock struct{ dir string }

func pidFile(dir string) string { return filepath.Join(dir, "up.pid") }

// lockCluster refuses a directory whose cluster is already running.
func lockCluster(dir string) (clusterLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return clusterLock{}, fmt.Errorf("make cluster directory: %w", err)
	}
	if pid, ok := runningCluster(dir); ok {
		return clusterLock{}, contracts.Errorf(contracts.CodeConflict, dir, "a cluster is already up here, as process %d; 'krako down' stops it", pid)
	}
	return clusterLock{dir}, nil
}

// announce tells others that the cluster is up.
func (l clusterLock) announce() error {
	if err := os.WriteFile(pidFile(l.dir), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return fmt.Errorf("announce cluster: %w", err)
	}
	return nil
}

func (l clusterLock) release() { os.Remove(pidFile(l.dir)) }

// runningCluster returns the process that runs the cluster in dir.
func runningCluster(dir string) (pid int, ok bool) {
	b, err := os.ReadFile(pidFile(dir))
	if err != nil {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
	return pid, err == nil && alive(pid)
}

// detach starts this program again as the cluster's process and returns when
// the cluster is up.
func (a *app) detach(ctx context.Context, o cluster.Options) error {
	if _, err := lockCluster(o.Dir); err != nil {
		return err
	}
	if err := os.Remove(pidFile(o.Dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove old pid file: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	logPath := filepath.Join(o.Dir, "up.log")
	log, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close() // the child has its own descriptor
	cmd := exec.Command(self, "--dir", o.Dir, "up", "--nodes", strconv.Itoa(o.Nodes), "--slots", strconv.Itoa(o.Slots), "--listen", o.API, "--model", o.Model)
	cmd.Stdout, cmd.Stderr = log, log
	background(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start cluster: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return a.awaitUp(ctx, o.Dir, logPath, ended)
}

func (a *app) awaitUp(ctx context.Context, dir, log string, ended <-chan error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, ok := runningCluster(dir); ok {
			text, err := os.ReadFile(log)
			a.printf("%s", text)
			return err
		}
		select {
		case <-ended:
			text, err := os.ReadFile(log)
			return errors.Join(contracts.Errorf(contracts.CodeNetwork, dir, "the cluster did not come up: %s", strings.TrimSpace(string(text))), err)
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (a *app) downCommand() *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop the cluster that 'krako up --detach' left running", Args: exactly(),
		Long:    "down lets the nodes finish what they run, stops every process of the cluster and\nreturns when they are gone. Nothing is deleted.",
		Example: "  krako down",
		RunE: func(cmd *cobra.Command, _ []string) error {
			pid, ok := runningCluster(a.dir)
			if !ok {
				return contracts.Errorf(contracts.CodeNetwork, a.dir, "no cluster is up here")
			}
			if err := interrupt(pid); err != nil {
				return fmt.Errorf("stop process %d: %w", pid, err)
			}
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for alive(pid) {
				select {
				case <-tick.C:
				case <-cmd.Context().Done():
					return context.Cause(cmd.Context())
				}
			}
			a.printf("The cluster is stopped.\n")
			return nil
		},
	}
}
