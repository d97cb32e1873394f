package accesslog

import "time"

// timestampLen is the length of 10/Oct/2000:13:55:36 -0700.
const timestampLen = 26

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// parseHour reads the timestamp that b begins with and returns its hour in UTC,
// counted from 1970. It is written by hand because it runs once per line and
// time.Parse takes longer than the rest of the line.
func parseHour(b []byte) (int64, bool) {
	if len(b) < timestampLen || b[2] != '/' || b[6] != '/' || b[11] != ':' || b[14] != ':' || b[17] != ':' || b[20] != ' ' {
		return 0, false
	}
	month, ok := parseMonth(b[3:6])
	day, okDay := digits(b[0:2])
	year, okYear := digits(b[7:11])
	hour, okHour := digits(b[12:14])
	minute, okMinute := digits(b[15:17])
	second, okSecond := digits(b[18:20])
	offset, okOffset := parseOffset(b[21:26])
	if !ok || !okDay || !okYear || !okHour || !okMinute || !okSecond || !okOffset ||
		year < 1970 || hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	midnight := time.Date(int(year), month, int(day), 0, 0, 0, 0, time.UTC)
	if int64(midnight.Day()) != day {
		return 0, false // 30 February has been normalised to March
	}
	minutes := midnight.Unix()/60 + hour*60 + minute - offset
	return minutes / 60, minutes >= 0 // an offset may lead back before 1970
}

func parseMonth(b []byte) (time.Month, bool) {
	for i := 0; i < len(months); i += 3 {
		if string(b) == months[i:i+3] {
			return time.Month(i/3 + 1), true
		}
	}
	return 0, false
}

// parseOffset reads ±hhmm in minutes.
func parseOffset(b []byte) (int64, bool) {
	hours, okHours := digits(b[1:3])
	minutes, okMinutes := digits(b[3:5])
	total := hours*60 + minutes
	if !okHours || !okMinutes || hours > 23 || minutes > 59 {
		return 0, false
	}
	switch b[0] {
	case '+':
		return total, true
	case '-':
		return -total, true
	}
	return 0, false
}

// hourText writes an hour as an RFC 3339 instant.
func hourText(hour int64) string {
	return time.Unix(hour*3600, 0).UTC().Format(time.RFC3339)
}
