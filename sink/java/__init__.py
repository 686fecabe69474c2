"""What Java does its own way: text of numbers, order of maps, regular expressions, dates, zones and languages."""
