package value

import "encoding/json"

// Plain turns a value into the types of encoding/json, numbers by their text.
func Plain(v Value) any {
	switch v.Kind {
	case Bool:
		return v.Bool
	case Number:
		return json.Number(v.Text)
	case String:
		return v.Text
	case List:
		list := make([]any, len(v.Items))
		for i, x := range v.Items {
			list[i] = Plain(x)
		}
		return list
	case Object:
		object := make(map[string]any, len(v.Members))
		for _, m := range v.Members {
			object[m.Name] = Plain(m.Value)
		}
		return object
	}
	return nil
}
