package webtest

import (
	"fmt"
	"strconv"

	"github.com/chromedp/cdproto/target"
)

func quote(s string) string { return strconv.Quote(s) }

func isPage(info *target.Info) bool { return info.Type == "page" }

// near is true when two "x,y" differ by a few pixels at most: positions travel as whole pixels.
func near(expression, want string) string {
	return fmt.Sprintf(`(() => { const a = (%s).split(",").map(Number), b = %q.split(",").map(Number);
		return Math.abs(a[0] - b[0]) < 4 && Math.abs(a[1] - b[1]) < 4; })()`, expression, want)
}
