package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a YAML file that was compared with the shape of [Config], so that what viper would drop or bend without
// a word (an unknown key, a key twice, a number read as octal, a + lost from a telephone number) is a problem or right.
type document struct {
	root     *yaml.Node
	problems Problems
	// entries are the names that the file gives below each map of entries: pbxs → main.
	entries map[string][]string
}

// maxDepth bounds the walk; the shape itself is four levels deep.
const maxDepth = 12

var nameForm = regexp.MustCompile(`^[a-z0-9_-]+$`)

// parse reads a YAML file and compares it with the shape.
func parse(raw []byte) *document {
	d := &document{entries: map[string][]string{}}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var file, second yaml.Node
	switch err := decoder.Decode(&file); {
	case errors.Is(err, io.EOF): // An empty file is an empty configuration.
		return d
	case err != nil:
		d.problems.add("", "not readable as YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return d
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		d.problems.add("", "the file has more than one YAML document; keep one, without a line that is ---")
		return d
	}
	d.root = file.Content[0]
	if isNull(d.root) {
		d.root = nil
		return d
	}
	d.walk(d.root, reflect.TypeFor[Config](), "", 0)
	return d
}

// values are what the file says, for viper.
func (d *document) values() (map[string]any, error) {
	values := map[string]any{}
	if d.root == nil {
		return values, nil
	}
	err := d.root.Decode(&values)
	return values, err
}

func (d *document) walk(n *yaml.Node, shape reflect.Type, path string, depth int) {
	if depth > maxDepth {
		d.problems.add(path, "nested too deeply (line %d)", n.Line)
		return
	}
	if n.Kind == yaml.AliasNode {
		d.problems.add(path, "YAML aliases are not supported; write the value out (line %d)", n.Line)
		return
	}
	switch shape.Kind() {
	case reflect.Struct:
		d.walkStruct(n, shape, path, depth)
	case reflect.Map:
		d.walkMap(n, shape, path, depth)
	case reflect.Slice:
		if isNull(n) {
			return
		}
		if n.Kind != yaml.SequenceNode {
			d.problems.add(path, "must be a list: [a, b] (line %d)", n.Line)
			return
		}
		for i, item := range n.Content {
			d.walk(item, shape.Elem(), fmt.Sprintf("%s[%d]", path, i), depth+1)
		}
	default:
		if n.Kind != yaml.ScalarNode {
			d.problems.add(path, "must be a single value (line %d)", n.Line)
			return
		}
		// A telephone number or password without quotes is text as it was written, not a YAML number.
		if shape.Kind() == reflect.String && !isNull(n) {
			n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
		}
	}
}

func (d *document) walkStruct(n *yaml.Node, shape reflect.Type, path string, depth int) {
	fields := fieldsOf(shape)
	d.walkKeys(n, path, func(key string, value *yaml.Node, line int) {
		at := join(path, key)
		field, known := fields[key]
		if !known {
			names := make([]string, 0, len(fields))
			for name := range fields {
				names = append(names, name)
			}
			slices.Sort(names)
			d.problems.add(at, "unknown key (line %d); known here: %s", line, strings.Join(names, ", "))
			return
		}
		if k := field.Kind(); isNull(value) && (k == reflect.Struct || k == reflect.Map) {
			return // "agents:" with nothing below it
		}
		d.walk(value, field, at, depth+1)
	})
}

func (d *document) walkMap(n *yaml.Node, shape reflect.Type, path string, depth int) {
	d.walkKeys(n, path, func(key string, value *yaml.Node, line int) {
		at := join(path, key)
		if !nameForm.MatchString(key) {
			d.problems.add(at, "names are made of a-z, 0-9, _ and - only (line %d)", line)
			return
		}
		if isNull(value) && shape.Elem().Kind() != reflect.Struct {
			d.problems.add(at, "has no value (line %d)", line)
			return
		}
		d.entries[path] = append(d.entries[path], key)
		if isNull(value) {
			value.Kind, value.Tag, value.Value = yaml.MappingNode, "!!map", "" // "sales:" has all defaults
		}
		d.walk(value, shape.Elem(), at, depth+1)
	})
}

// walkKeys visits the keys of a mapping, each once.
func (d *document) walkKeys(n *yaml.Node, path string, visit func(key string, value *yaml.Node, line int)) {
	if n.Kind != yaml.MappingNode {
		d.problems.add(path, "must have keys below it (line %d)", n.Line)
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			d.problems.add(path, "keys must be plain words (line %d)", key.Line)
			continue
		}
		if first, twice := seen[key.Value]; twice {
			d.problems.add(join(path, key.Value), "given twice (lines %d and %d); keep one", first, key.Line)
			continue
		}
		seen[key.Value] = key.Line
		key.Tag, key.Style = "!!str", yaml.DoubleQuotedStyle
		visit(key.Value, n.Content[i+1], key.Line)
	}
}

// fieldsOf gives the keys of a struct with their types.
func fieldsOf(shape reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range shape.Fields() {
		if tag := field.Tag.Get("mapstructure"); tag != "-" {
			fields[tag] = field.Type
		}
	}
	return fields
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
