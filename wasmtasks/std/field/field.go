// Package field has the error of a task whose input is at fault: it names the
// field, so that a person or a planner knows what to change. The package
// promises not to format anything but the problem it was given.
package field

import "fmt"

// Error says what is wrong with one field of a task's input.
type Error struct {
	// Field is the field's path in the input, such as "holidays[2]".
	Field string
	// Problem says what is wrong with it and, where it helps, what is wanted.
	Problem string
}

// Errorf makes an Error with a formatted problem.
func Errorf(field, format string, args ...any) *Error {
	return &Error{Field: field, Problem: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return e.Field + ": " + e.Problem }

// Index returns the path of element i of a list.
func Index(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// OneOf checks that value is among the choices. An absent value is told apart,
// because no task has defaults for what people disagree on.
func OneOf(field, value string, choices ...string) error {
	for _, c := range choices {
		if value == c {
			return nil
		}
	}
	if value == "" {
		return Errorf(field, "is required: one of %q", choices)
	}
	return Errorf(field, "%q is not one of %q", value, choices)
}

// Between checks that value is in a range, ends included.
func Between(field string, value, low, high int) error {
	if value < low || value > high {
		return Errorf(field, "%d is not in %d–%d", value, low, high)
	}
	return nil
}

// AtMost checks the length of a text or a list.
func AtMost(field string, length, most int, what string) error {
	if length > most {
		return Errorf(field, "has %d %s, at most %d are taken", length, what, most)
	}
	return nil
}
