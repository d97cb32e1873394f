package node

import (
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func soundConfig() Config {
	c := DefaultConfig()
	c.DataDir = "data"
	c.MDNS = true
	return c
}

func TestDefaultsNeedADirectoryAndAWayToWork(t *testing.T) {
	c := DefaultConfig()
	err := c.Validate()
	for _, field := range []string{"data_dir", "coordinator"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	c = soundConfig()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// TestValidateReportsEveryProblem breaks each field by itself, and then all
// together.
func TestValidateReportsEveryProblem(t *testing.T) {
	breaks := []struct {
		field string
		by    func(*Config)
	}{
		{"data_dir", func(c *Config) { c.DataDir = "" }},
		{"slots", func(c *Config) { c.Slots = MaxSlots + 1 }},
		{"memory_mb", func(c *Config) { c.MemoryMB = 0 }},
		{"tag", func(c *Config) { c.Tags = []string{""} }},
		{"region", func(c *Config) { c.Region = strings.Repeat("x", 257) }},
		{"max_run", func(c *Config) { c.MaxRun = 0 }},
		{"isolation", func(c *Config) { c.Isolation = "some" }},
		{"cache_mb", func(c *Config) { c.CacheMB = 0 }},
		{"hot_mb", func(c *Config) { c.HotMB = -1 }},
		{"max_input_mb", func(c *Config) { c.MaxInputMB = 0 }},
		{"max_unacked", func(c *Config) { c.MaxUnacked = 101 }},
		{"max_output_mb", func(c *Config) { c.MaxOutputMB = 0 }},
		{"reconnect_min", func(c *Config) { c.ReconnectMin = 0 }},
		{"reconnect_max", func(c *Config) { c.ReconnectMax = -1 }},
		{"give_up_after", func(c *Config) { c.GiveUpAfter = -1 }},
		{"drain_timeout", func(c *Config) { c.DrainTimeout = 0 }},
		{"cpu_share", func(c *Config) { c.CPUShare = 0 }},
		{"priority", func(c *Config) { c.Priority = "high" }},
		{"memory_cap_mb", func(c *Config) { c.MemoryCapMB = -1 }},
		{"hours", func(c *Config) { c.Hours = []string{"always"} }},
		{"idle_for", func(c *Config) { c.IdleFor = -1 }},
		{"max_load", func(c *Config) { c.MaxLoad = -1 }},
		{"min_free_mb", func(c *Config) { c.MinFreeMB = -1 }},
		{"pause_hold", func(c *Config) { c.PauseHold = maxHold + 1 }},
		{"code_mb", func(c *Config) { c.CodeMB = 0 }},
		{"version", func(c *Config) { c.Version = strings.Repeat("v", 257) }},
		{"network", func(c *Config) { c.Coordinators = []string{"localhost:4545"} }},
	}
	all := soundConfig()
	for _, b := range breaks {
		c := soundConfig()
		b.by(&c)
		b.by(&all)
		err := c.Validate()
		if contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), b.field) {
			t.Errorf("%s: %v", b.field, err)
		}
	}
	err := all.Validate()
	for _, b := range breaks {
		if !strings.Contains(err.Error(), b.field+":") {
			t.Errorf("%s is missing among all problems: %v", b.field, err)
		}
	}
}
