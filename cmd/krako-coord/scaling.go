package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/capacity"
	"github.com/krako-labs/krako/coordinator/scaler"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/spf13/pflag"
)

// scaleSettings say how many pods there may be, and how they are made.
type scaleSettings struct {
	policy capacity.Policy
	pod    string
	exec   string
	drain  time.Duration
	hold   time.Duration
}

func (s *scaleSettings) flags(fs *pflag.FlagSet) {
	p := capacity.DefaultPolicy()
	s.policy = p
	fs.IntVar(&s.policy.Max, "scale-max", 0, "the most pods that this coordinator asks for; 0 asks for none and leaves pods to others")
	fs.IntVar(&s.policy.Min, "scale-min", 0, "the least pods; 0 lets the last one go when nothing is to do")
	fs.StringVar(&s.pod, "scale-pod", "", "command that runs a pod on this machine, for each that is wanted; {n} stands for its number, {coordinator} for this coordinator's address")
	fs.StringVar(&s.exec, "scale-exec", "", "command that brings about a number of pods elsewhere; {desired} stands for it")
	fs.DurationVar(&s.drain, "scale-drain", time.Minute, "how long a pod that is not wanted any more may finish its calls")
	fs.DurationVar(&s.hold, "scale-hold", coordinator.DefaultConfig().HoldCold, "how long graphs with model calls are taken in while no pod comes")
	fs.DurationVar(&s.policy.Window, "scale-window", p.Window, "how far back the demand counts before pods are let go")
	fs.DurationVar(&s.policy.DownEvery, "scale-down-every", p.DownEvery, "the least time between letting two pods go")
	fs.DurationVar(&s.policy.UpEvery, "scale-up-every", p.UpEvery, "the least time between asking for more")
	fs.IntVar(&s.policy.StepUp, "scale-step", p.StepUp, "the most pods that are asked for at once")
	fs.DurationVar(&s.policy.Wait, "scale-wait", p.Wait, "how long calls may wait before one pod more than slots are needed is asked for")
}

func (s *scaleSettings) validate() error {
	if s.policy.Max == 0 {
		if s.pod != "" || s.exec != "" || s.policy.Min != 0 {
			return errors.New("--scale-max is 0: say how many pods there may be")
		}
		return nil
	}
	if (s.pod == "") == (s.exec == "") {
		return errors.New("--scale-max needs one way to act: either --scale-pod or --scale-exec")
	}
	if err := s.policy.Validate(); err != nil {
		return fmt.Errorf("--scale: %w", err)
	}
	return nil
}

// scaling is what acts, and is closed at the end.
type scaling interface {
	coordinator.Scaler
	Close() error
}

// open returns what acts for a coordinator, nil where nobody is to.
func (s *scaleSettings) open(host *p2p.Host, log *slog.Logger) scaling {
	switch {
	case s.policy.Max == 0:
		return nil
	case s.exec != "":
		return &scaler.Exec{Command: strings.Fields(s.exec), Timeout: time.Minute}
	}
	command := strings.Fields(s.pod)
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "{coordinator}", near(host.Addrs()))
	}
	return &scaler.Process{Command: command, Drain: s.drain, Output: os.Stderr, Log: log}
}

// near is the address that a pod of this machine uses.
func near(addrs []string) string {
	for _, a := range addrs {
		if strings.Contains(a, "/ip4/127.0.0.1/") {
			return a
		}
	}
	if len(addrs) == 0 {
		return ""
	}
	return addrs[0]
}
