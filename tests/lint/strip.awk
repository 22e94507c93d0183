# C without its comments, and with empty strings and characters: what is left is code, on the same
# lines as before. Include lines keep their names. Output: file:line:code
BEGIN { in_comment = 0 }
FNR == 1 { in_comment = 0 }
{
	if (!in_comment && $0 ~ /^[ \t]*#[ \t]*include/) {
		print FILENAME ":" FNR ":" $0
		next
	}
	line = $0
	code = ""
	while (line != "") {
		if (in_comment) {
			end = index(line, "*/")
			if (!end)
				break
			line = substr(line, end + 2)
			in_comment = 0
		} else if (match(line, /^"([^"\\]|\\.)*"/)) {
			code = code "\"\""
			line = substr(line, RLENGTH + 1)
		} else if (match(line, /^'([^'\\]|\\.)*'/)) {
			code = code "''"
			line = substr(line, RLENGTH + 1)
		} else if (substr(line, 1, 2) == "/*") {
			in_comment = 1
			line = substr(line, 3)
		} else if (substr(line, 1, 2) == "//") {
			break
		} else {
			code = code substr(line, 1, 1)
			line = substr(line, 2)
		}
	}
	print FILENAME ":" FNR ":" code
}
