# A text file as a C string: awk -v name=IDENTIFIER -v header=HEADER -f embed.awk FILE
# Comments that take a whole line are left out, as are indentation and blank lines.
BEGIN {
	print "/* Made by runner/report/embed.awk. */"
	print "/* clang-format off */"
	print "#include \"config.h\""
	print ""
	print "#include \"" header "\""
	print ""
	print "const char " name "[] ="
}
{
	sub(/^[ \t]+/, "")
	if ($0 == "" || $0 ~ /^\/\*.*\*\/$/)
		next
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	print "\t\"" $0 "\\n\""
}
END {
	print "\t\"\";"
}
