package node

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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
	for _, field := range []string{"data_dir", "coordinators"} {
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
		{"tags", func(c *Config) { c.Tags = []string{""} }},
		{"region", func(c *Config) { c.Region = strings.Repeat("x", 257) }},
		{"max_run", func(c *Config) { c.MaxRun = 0 }},
		{"cache_mb", func(c *Config) { c.CacheMB = 0 }},
		{"hot_mb", func(c *Config) { c.HotMB = -1 }},
		{"max_input_mb", func(c *Config) { c.MaxInputMB = 0 }},
		{"max_unacked", func(c *Config) { c.MaxUnacked = 101 }},
		{"max_output_mb", func(c *Config) { c.MaxOutputMB = 0 }},
		{"reconnect_min", func(c *Config) { c.ReconnectMin = 0 }},
		{"reconnect_max", func(c *Config) { c.ReconnectMax = -1 }},
		{"give_up_after", func(c *Config) { c.GiveUpAfter = -1 }},
		{"drain_timeout", func(c *Config) { c.DrainTimeout = 0 }},
		{"status_addr", func(c *Config) { c.StatusAddr = "0.0.0.0:80" }},
		{"log_level", func(c *Config) { c.LogLevel = "loud" }},
		{"log_format", func(c *Config) { c.LogFormat = "xml" }},
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

func TestStatusStaysOnTheMachine(t *testing.T) {
	for addr, ok := range map[string]bool{
		"": true, "127.0.0.1:0": true, "[::1]:8080": true, "localhost:1": true,
		":8080": false, "192.168.1.2:80": false, "example.org:80": false, "127.0.0.1": false,
	} {
		if err := checkLoopback(addr); (err == nil) != ok {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestDurationsAreText(t *testing.T) {
	b, err := json.Marshal(Duration(90 * time.Second))
	if err != nil || string(b) != `"1m30s"` {
		t.Errorf("%s, %v", b, err)
	}
	var d Duration
	if err := json.Unmarshal(b, &d); err != nil || d != Duration(90*time.Second) {
		t.Errorf("%s, %v", d, err)
	}
	if err := json.Unmarshal([]byte(`"soon"`), &d); err == nil {
		t.Error("soon was taken for a duration")
	}
}
