package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/spf13/pflag"
)

// Settings gives every flag of a command two more sources. A flag given on the
// command line wins over the variable KRAKO_<NAME>, which wins over the member
// <name> of the configuration file, which wins over the default; in names of
// variables and members '-' is '_'.
type Settings struct {
	Flags *pflag.FlagSet
	// Getenv looks up a variable; os.LookupEnv outside tests.
	Getenv func(string) (string, bool)
	// Skip are flags that are no settings, e.g. config itself.
	Skip []string
}

// Fill sets every flag that the command line left alone. file may be "". All
// problems are reported at once.
func (s Settings) Fill(file string) error {
	members, err := readSettings(file)
	if err != nil {
		return err
	}
	var errs []error
	s.Flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(s.Skip, f.Name) {
			return
		}
		key := strings.ReplaceAll(f.Name, "-", "_")
		fromFile, inFile := members[key]
		delete(members, key)
		if f.Changed {
			return
		}
		variable := "KRAKO_" + strings.ToUpper(key)
		if v, ok := s.Getenv(variable); ok {
			errs = append(errs, set(f, variable, []string{v}))
		} else if inFile {
			values, err := scalars(fromFile)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %w", file, key, err))
				return
			}
			errs = append(errs, set(f, file+": "+key, values))
		}
	})
	for key := range members {
		errs = append(errs, fmt.Errorf("%s: %q is not a setting", file, key))
	}
	return errors.Join(errs...)
}

func set(f *pflag.Flag, source string, values []string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		if len(values) == 1 {
			values = strings.Split(values[0], ",")
		}
		if err := list.Replace(values); err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		return nil
	}
	if len(values) != 1 {
		return fmt.Errorf("%s: takes one value", source)
	}
	if err := f.Value.Set(values[0]); err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	return nil
}

// maxSettingsBytes bounds a configuration file.
const maxSettingsBytes = 1 << 20

func readSettings(file string) (map[string]json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if len(data) > maxSettingsBytes {
		return nil, fmt.Errorf("%s: %d bytes are too many for settings", file, len(data))
	}
	members := map[string]json.RawMessage{}
	if err := jcs.DecodeStrict(data, &members); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return members, nil
}

// scalars returns the texts of a string, number, boolean or list of them.
func scalars(raw json.RawMessage) ([]string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	texts := make([]string, len(list))
	for i, x := range list {
		switch x := x.(type) {
		case string:
			texts[i] = x
		case bool, float64:
			texts[i] = strings.Trim(string(mustJSON(x)), `"`)
		default:
			return nil, errors.New("must be a string, a number, a boolean or a list of them")
		}
	}
	return texts, nil
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("cli: scalar does not encode: " + err.Error())
	}
	return b
}

// Effective returns every setting with its value, as a configuration file.
func (s Settings) Effective() []byte {
	out := map[string]any{}
	s.Flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(s.Skip, f.Name) {
			return
		}
		key := strings.ReplaceAll(f.Name, "-", "_")
		switch list, ok := f.Value.(pflag.SliceValue); {
		case ok:
			out[key] = list.GetSlice()
		case f.Value.Type() == "bool":
			out[key] = f.Value.String() == "true"
		default:
			out[key] = f.Value.String()
		}
	})
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic("cli: settings do not encode: " + err.Error())
	}
	return append(b, '\n')
}
