package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// EnvPrefix begins the names of the environment variables.
const EnvPrefix = "CONTACTD_"

// FileVariable names the configuration file where no flag does.
const FileVariable = EnvPrefix + "CONFIG"

// DefaultFile is read when neither flag nor environment name one.
const DefaultFile = "/etc/contactd/contactd.yaml"

// notKeys are CONTACTD_ variables that are no keys of the configuration: the file's name, and the test PBX's place.
var notKeys = []string{FileVariable, EnvPrefix + "ASTERISK_ROOT", EnvPrefix + "IMAGE"}

// Flags adds the flags that set keys to a command's flags. [Load] reads them from there.
func Flags(flags *pflag.FlagSet) {
	flags.StringP("config", "c", "", "configuration file (default $"+FileVariable+" or "+DefaultFile+")")
	for _, f := range keyFlags {
		flags.String(f.flag, "", f.usage)
	}
}

// keyFlags are the keys that have a flag.
var keyFlags = []struct{ flag, key, usage string }{
	{"data-dir", "data_dir", "folder of the database"},
	{"log-level", "log.level", "debug, info, warn or error"},
	{"log-format", "log.format", "text or json"},
	{"customer-address", "listen.customer.address", "address of the customer listener"},
	{"agent-address", "listen.agent.address", "address of the agent listener"},
	{"metrics-address", "listen.metrics.address", "address of the metrics listener"},
}

// Load reads the configuration that flags and environment name, with all that they override. The error is a
// [Problems] when the configuration is at fault, and tells everything that is wrong with it.
func Load(flags *pflag.FlagSet) (*Config, error) {
	name := os.Getenv(FileVariable)
	if flags != nil {
		if f := flags.Lookup("config"); f != nil && f.Value.String() != "" {
			name = f.Value.String()
		}
	}
	if name == "" {
		name = DefaultFile
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("config: read the configuration (name the file by --config or $%s): %w", FileVariable, err)
	}
	c, err := read(raw, flags, os.Environ())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// Parse reads a configuration from a file's bytes alone, without environment and flags.
func Parse(raw []byte) (*Config, error) { return read(raw, nil, nil) }

func read(raw []byte, flags *pflag.FlagSet, environ []string) (*Config, error) {
	doc := parse(raw)
	if err := doc.problems.err(); err != nil {
		return nil, err
	}
	values, err := doc.values()
	if err != nil {
		return nil, Problems{{Message: "not readable as YAML: " + err.Error()}}
	}
	v := viper.New()
	if err := v.MergeConfigMap(values); err != nil {
		return nil, Problems{{Message: err.Error()}}
	}
	env := map[string]string{}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, EnvPrefix) {
			env[name] = value
		}
	}
	var problems Problems
	// Every leaf of the shape gets its default and may be set by the environment, also below each entry of the file.
	used := map[string]bool{}
	visitLeaves(doc.entries, func(key string, value reflect.Value) {
		v.SetDefault(key, value.Interface())
		name := EnvPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
		used[name] = true
		set, given := env[name]
		switch kind := value.Kind(); {
		case !given:
		case kind == reflect.Map, kind == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			problems.add(key, "cannot be set by $%s; set it in the file", name)
		default:
			v.Set(key, set)
		}
	})
	if flags != nil {
		for _, f := range keyFlags {
			if flag := flags.Lookup(f.flag); flag != nil && flag.Changed {
				v.Set(f.key, flag.Value.String())
			}
		}
	}
	if err := problems.err(); err != nil {
		return nil, err
	}

	c := &Config{}
	if err := v.UnmarshalExact(c, viper.DecodeHook(mapstructure.ComposeDecodeHookFunc(duration, list))); err != nil {
		return nil, decodeProblems(err)
	}
	for name := range env {
		if !used[name] && !slices.Contains(notKeys, name) {
			c.Warnings = append(c.Warnings, fmt.Sprintf("$%s sets nothing: no key of the configuration has this name", name))
		}
	}
	slices.Sort(c.Warnings)
	c.complete()
	return c, c.Validate()
}

// visitLeaves names every key of the shape that holds a value, with its default.
func visitLeaves(entries map[string][]string, visit func(key string, value reflect.Value)) {
	pbx, queue, agent := entryDefaults()
	entry := map[string]any{"pbxs": pbx, "trunks": Trunk{}, "queues": queue, "agents": agent, "sites": Site{}}
	var walk func(key string, value reflect.Value)
	walk = func(key string, value reflect.Value) {
		if of, several := entry[key]; several {
			for _, name := range entries[key] {
				walk(join(key, name), reflect.ValueOf(of))
			}
			return
		}
		if value.Kind() != reflect.Struct {
			visit(key, value)
			return
		}
		for field, of := range value.Fields() {
			if tag := field.Tag.Get("mapstructure"); tag != "-" {
				walk(join(key, tag), of)
			}
		}
	}
	walk("", reflect.ValueOf(defaults()))
}

// complete fills in what may be left out because there is only one possibility.
func (c *Config) complete() {
	if len(c.Numbers.Countries) == 0 && c.Region != "" {
		c.Numbers.Countries = []string{c.Region}
	}
	if len(c.PBXs) != 1 {
		return
	}
	for only := range c.PBXs {
		for id, q := range c.Queues {
			if q.PBX == "" {
				q.PBX = only
				c.Queues[id] = q
			}
		}
		for id, a := range c.Agents {
			if a.PBX == "" {
				a.PBX = only
				c.Agents[id] = a
			}
		}
		for id, t := range c.Trunks {
			if t.PBX == "" {
				t.PBX = only
				c.Trunks[id] = t
			}
		}
	}
}

// duration reads 20s or 5m; a bare number would be nanoseconds and is refused.
func duration(from, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() || from == to {
		return value, nil
	}
	text, isText := value.(string)
	if !isText {
		return nil, fmt.Errorf("%v has no unit; write it as 20s or 5m", value)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no duration; write it as 20s or 5m", text)
	}
	return d, nil
}

// list reads a,b as two items, for the environment.
func list(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to != reflect.TypeFor[[]string]() {
		return value, nil
	}
	items := []string{}
	for item := range strings.SplitSeq(value.(string), ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items, nil
}

// decodeProblems tells each of a decoder's errors with its key.
func decodeProblems(err error) Problems {
	var problems Problems
	var collect func(error)
	collect = func(err error) {
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			for _, one := range e.Unwrap() {
				collect(one)
			}
			return
		case *mapstructure.DecodeError:
			problems.add(keyOf(e.Name()), "%s", e.Unwrap())
			return
		}
		if inner := errors.Unwrap(err); inner != nil {
			collect(inner)
			return
		}
		problems.add("", "%s", err)
	}
	collect(err)
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	return problems
}

// keyOf writes a decoder's name (queues[sales].ring) as the path of a key (queues.sales.ring).
func keyOf(name string) string {
	return strings.NewReplacer("[", ".", "]", "").Replace(name)
}
