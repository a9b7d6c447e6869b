package workshop

import (
	"regexp"
	"strings"
)

// Names of objects whose choices are states.
var (
	// stateful says so itself.
	stateful = regexp.MustCompile(`(?i)(state|status|alarm|condition|mode|source|result)`)
	// alarming names what is well or not: what is on or true there is wrong.
	alarming = regexp.MustCompile(`(?i:alarm|fail|warning|overload|over_?(?:temp|volt|curr)|under_?volt|leak|smoke|flood|short_?circuit)|Fault|FAULT|^fault|_fault|Tripped|TRIP|^trip|_trip|Trip(?:[A-Z_]|$)`)
	// switchable names settings of alarms, which are not wrong when on.
	switchable = regexp.MustCompile(`(?i)(enabl|config|cfg|setting|control|relay|mute|silence|ackn|reset|trap|polarity|action|type)`)
	// protective names what is to be closed: open, it has cut something off.
	protective = regexp.MustCompile(`(?i:fuse|breaker|surge)|(?:^|[a-z_])(?:MCB|CB|SPD|RCD|RCBO|mcb|rcd|rcbo)(?:[A-Z_0-9]|$)`)
	// hazard names what calls somebody at once.
	hazard = regexp.MustCompile(`(?i)leak|smoke|flood|fire(?:alarm|detect|sensor|stat|$)|water(?:detect|sensor|intru|present)`)
	// doors are to be closed too.
	doors = regexp.MustCompile(`(?i:door|accesscontact|intrusion|tamper)|Lid(?:[A-Z_]|$)`)
	// sources name where the power comes from.
	sources = regexp.MustCompile(`(?i)source`)
)

// speeds names what is set to run faster or slower.
var speeds = regexp.MustCompile(`(?i)speed|fan|sensitiv|gain`)

// states are texts of states with what they mean, the first that fits. They are
// looked for in the text as one word and in its words.
var states = []struct {
	// of has to fit the name of the object; nil fits all.
	of       *regexp.Regexp
	text     *regexp.Regexp
	severity string
}{
	{nil, regexp.MustCompile(`^(no|not|non|without)(alarm|fault|fail|error|warn|trip|leak|smoke|fire|flood|water|overload|crit|problem|violation|motion|detected|triggered|active|event)|alarm(off|clear|inactive|none|normal|ok)`), "ok"},
	{hazard, regexp.MustCompile(`^(detected|wet|alarm|active|activated|on|yes|true|set|raised|present|triggered)$`), "critical"},
	{hazard, regexp.MustCompile(`^(dry|off|no|false|none|absent|notpresent)$`), "ok"},
	{alarming, regexp.MustCompile(`^(on|yes|true|active|activated|set|raised|detected|triggered|asserted|present|exists?|occurred)$`), "warning"},
	{alarming, regexp.MustCompile(`^(off|no|none|false|reset|unset|deasserted|notpresent)$`), "ok"},
	{nil, regexp.MustCompile(`^(no|not)(status|reading|data|value|info|config|support|appl|avail|install|present|used|equipped|connected|mounted|fitted|set|sensor|defined|determined|exist)|^unsupported|^unused|^unconfigured|^un(defined|determined|specified|initiali[sz]ed)|absent|^na$|unknown|notavail|notpresent|notinstalled|notsupported|notapplicable|undefined`), "unknown"},
	{nil, regexp.MustCompile(`crit|fail|([^e]|^)fault|error|fatal|severe|shutdown|emergency|lost|loss|trip|blown|burnt|broken|short(ed|circuit)|deplet|damag|smoke|\bfire|leak|flood|\bbad\b|^(not|n|non|in)(ok|good|normal|operational|functional)$|exhaust|overheat`), "critical"},
	{nil, regexp.MustCompile(`(on|off|open)(fuse|breaker)$|(fuse|breaker)(open|off)$`), "critical"},
	{protective, regexp.MustCompile(`^(open|opened|isopen|out|cut)$`), "critical"},
	{protective, regexp.MustCompile(`^(off|removed|missing|replace|disconnected|withdrawn)$`), "warning"},
	{protective, regexp.MustCompile(`^(closed?|on|intact|in|set)$`), "ok"},
	{doors, regexp.MustCompile(`^(open|opened|isopen)$`), "warning"},
	{speeds, regexp.MustCompile(`^(low|high|medium)(speed)?$`), "info"},
	{nil, regexp.MustCompile(`warn|minor|major|bypass|\blow\b|\bhigh\b|^low|^high|high$|(battery|voltage|level|temperature|alarm|pressure|too|very|extreme|extremely)low|above|below|over(volt|curr|temp|load|charg|freq|speed|power|range)|under(volt|curr|temp|freq|load|power|speed)|exceed|discharg|onbattery|degraded|abnormal|unbalance|imbalance|offline|disconnect|unplug|missing|mismatch|\bweak|replace|nocomm|noresponse|notrespond|timeout|unreachable|outof|notready|violat|abort|alarm|^un(success|health|stable)`), "warning"},
	{sources, regexp.MustCompile(`^(battery|none|generator)$`), "warning"},
	{sources, regexp.MustCompile(`^(mains?|utility|grid|line|primary)$`), "ok"},
	{nil, regexp.MustCompile(`\bok\b|okay|normal|good|online|inactive|clear|closed|present|healthy|^fine$|within|passed|^pass$|success|^ready$|operational|connected|balanced|nominal|^dry$`), "ok"},
	{nil, regexp.MustCompile(`\b(on|off|open|opened|auto|idle|yes|no|true|none|fast|slow|cool|heat|stop|eco)\b|standby|manual|active|enabled|disabled|false|running|stopped|start|charging|float|resting|testing|progress|initiated|complete|finished|done|automatic|local|remote|master|slave|cycling|switch|reboot|locked|cooling|heating|humidify`), "info"},
}

// guessSeverity tells how bad a state of an object is, and whether it could be
// told: what could not is unknown, not ok. A fuse that is open is not what an
// open contact is, so the name of the object counts.
func guessSeverity(of, text string) (severity string, told bool) {
	flat, _ := flatten(text)
	apart := strings.Join(words(text), " ")
	setting := switchable.MatchString(of)
	for _, s := range states {
		if s.of != nil && (!s.of.MatchString(of) || s.of == alarming && setting) {
			continue
		}
		if s.text.MatchString(apart) || s.text.MatchString(flat) {
			return s.severity, true
		}
	}
	return "unknown", false
}
