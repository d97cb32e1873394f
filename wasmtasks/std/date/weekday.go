package date

import "context"

// WeekdayInput is a date.
type WeekdayInput struct {
	Date string `json:"date" jsonschema:"format=date"`
}

// WeekdayOutput is where a date stands in its week and year.
type WeekdayOutput struct {
	Weekday    string `json:"weekday"`
	ISOWeekday int    `json:"iso_weekday" jsonschema_description:"1 is Monday"`
	ISOYear    int    `json:"iso_year" jsonschema_description:"the year that the week of ISO 8601 belongs to"`
	ISOWeek    int    `json:"iso_week"`
	DayOfYear  int    `json:"day_of_year"`
	LeapYear   bool   `json:"leap_year"`
}

// Weekday tells which day of the week, the week and the year a date is.
func Weekday(_ context.Context, in WeekdayInput) (WeekdayOutput, error) {
	t, err := day("date", in.Date)
	if err != nil {
		return WeekdayOutput{}, err
	}
	year, week := t.ISOWeek()
	return WeekdayOutput{
		Weekday: lower(t.Weekday()), ISOWeekday: (int(t.Weekday())+6)%7 + 1, ISOYear: year, ISOWeek: week, DayOfYear: t.YearDay(),
		LeapYear: t.Year()%4 == 0 && (t.Year()%100 != 0 || t.Year()%400 == 0),
	}, nil
}
