using System.Globalization;
using System.Text;

namespace Kublambda.Cel.Functions;

/// <summary>Character classes of RE2, written for .NET: ranges of code points, where those past U+FFFF are pairs of UTF-16 units.</summary>
internal sealed class Re2Class
{
    /// <summary>A character past U+FFFF. .NET's properties do not know these: each counts as a character that has none.</summary>
    public const string AnyPair = @"[\uD800-\uDBFF][\uDC00-\uDFFF]";

    // Pairs of the first and the last character of each range.
    private static readonly Dictionary<string, string> Posix = new(StringComparer.Ordinal)
    {
        ["alnum"] = "09AZaz",
        ["alpha"] = "AZaz",
        ["ascii"] = "\0\x7F",
        ["blank"] = "\t\t  ",
        ["cntrl"] = "\0\x1F\x7F\x7F",
        ["digit"] = "09",
        ["graph"] = "!~",
        ["lower"] = "az",
        ["print"] = " ~",
        ["punct"] = "!/:@[`{~",
        ["space"] = "\t\r  ",
        ["upper"] = "AZ",
        ["word"] = "09AZaz__",
        ["xdigit"] = "09AFaf",
    };

    private readonly List<(int Low, int High)> _ranges = [];
    private readonly StringBuilder _properties = new();
    private bool _takesAllPairs;

    /// <summary>A class in brackets.</summary>
    public static string Read(string pattern, ref int at)
    {
        var result = new Re2Class();
        at++;
        var negated = at < pattern.Length && pattern[at] == '^';
        if (negated) at++;
        for (var isFirst = true; at < pattern.Length && (isFirst || pattern[at] != ']'); isFirst = false) result.Item(pattern, ref at);
        if (at >= pattern.Length) throw new PatternException("missing ]");
        at++;
        return result.Write(negated);
    }

    /// <summary>An escape outside brackets, as a class or a literal.</summary>
    public static string ReadEscape(string pattern, ref int at)
    {
        var result = new Re2Class();
        if (!result.NamedClass(pattern, ref at)) result.Add(EscapedCodePoint(pattern, ref at));
        return result.Write(negated: false);
    }

    private void Item(string pattern, ref int at)
    {
        if (PosixClass(pattern, ref at) || (pattern[at] == '\\' && NamedClass(pattern, ref at))) return;
        var low = CodePoint(pattern, ref at);
        var high = low;
        if (at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
        {
            at++;
            high = CodePoint(pattern, ref at);
        }

        if (high < low) throw new PatternException("a range of characters that runs backwards");
        _ranges.Add((low, high));
    }

    private void Add(int codePoint) => _ranges.Add((codePoint, codePoint));

    private bool PosixClass(string pattern, ref int at)
    {
        if (string.CompareOrdinal(pattern, at, "[:", 0, 2) != 0) return false;
        var end = pattern.IndexOf(":]", at + 2, StringComparison.Ordinal);
        if (end < 0) return false;
        var name = pattern[(at + 2)..end];
        var negated = name.StartsWith('^');
        if (!Posix.TryGetValue(name.TrimStart('^'), out var pairs)) throw new PatternException($"unknown class [:{name}:]");
        AddPairs(pairs, negated);
        at = end + 2;
        return true;
    }

    private bool NamedClass(string pattern, ref int at)
    {
        if (at + 1 >= pattern.Length) throw new PatternException("a \\ at the end");
        var name = pattern[at + 1];
        if (name is 'p' or 'P')
        {
            Property(pattern, ref at);
            return true;
        }

        var pairs = char.ToLowerInvariant(name) switch
        {
            'd' => "09",
            'w' => "09AZaz__",
            's' => "\t\n\f\r  ",
            _ => null,
        };
        if (pairs is null) return false;
        AddPairs(pairs, negated: char.IsAsciiLetterUpper(name));
        at += 2;
        return true;
    }

    private void Property(string pattern, ref int at)
    {
        var negated = pattern[at + 1] == 'P';
        at += 2;
        var end = at < pattern.Length && pattern[at] == '{' ? pattern.IndexOf('}', at) : at;
        if (end < 0 || end >= pattern.Length) throw new PatternException("a \\p without its name");
        var name = end == at ? pattern[at].ToString() : pattern[(at + 1)..end];
        at = end + 1;
        if (name.StartsWith('^')) (negated, name) = (!negated, name[1..]);
        if (name.Length > 2) throw new PatternException($"unknown class \\p{{{name}}}; the general categories such as L, Lu, N, P are known");
        _takesAllPairs |= negated;
        _properties.Append(negated ? @"\P{" : @"\p{").Append(name).Append('}');
    }

    private static int CodePoint(string pattern, ref int at)
    {
        if (pattern[at] == '\\') return EscapedCodePoint(pattern, ref at);
        var isPair = at + 1 < pattern.Length && char.IsSurrogatePair(pattern[at], pattern[at + 1]);
        var value = isPair ? char.ConvertToUtf32(pattern[at], pattern[at + 1]) : pattern[at];
        at += isPair ? 2 : 1;
        return value;
    }

    private static int EscapedCodePoint(string pattern, ref int at)
    {
        if (at + 1 >= pattern.Length) throw new PatternException("a \\ at the end");
        var c = pattern[at + 1];
        at += 2;
        if (c == 'x') return Hex(pattern, ref at);
        if (c == '0' || (c is >= '1' and <= '7' && at < pattern.Length && IsOctal(pattern[at]))) return Octal(c, pattern, ref at);
        return c switch
        {
            'a' => '\a',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\v',
            _ when !char.IsAsciiLetterOrDigit(c) && c < 0x80 => c,
            _ => throw new PatternException($"unknown escape \\{c}"),
        };
    }

    private static bool IsOctal(char c) => c is >= '0' and <= '7';

    // One digit other than 0 would be a back reference, which RE2 does not have.
    private static int Octal(char first, string pattern, ref int at)
    {
        var value = first - '0';
        for (var more = 2; more > 0 && at < pattern.Length && IsOctal(pattern[at]); more--, at++) value = (value * 8) + pattern[at] - '0';
        return value;
    }

    private static int Hex(string pattern, ref int at)
    {
        var isBraced = at < pattern.Length && pattern[at] == '{';
        var end = isBraced ? pattern.IndexOf('}', at) : at + 2;
        var start = isBraced ? at + 1 : at;
        if (end < start || end > pattern.Length || !int.TryParse(pattern.AsSpan(start, end - start), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value is < 0 or > CodePointRanges.Max)
            throw new PatternException("\\x needs two hexadecimal digits, or a code point in braces");
        at = isBraced ? end + 1 : end;
        return value;
    }

    private void AddPairs(string pairs, bool negated)
    {
        var next = 0;
        for (var i = 0; i < pairs.Length; i += 2)
        {
            if (!negated) _ranges.Add((pairs[i], pairs[i + 1]));
            if (negated && pairs[i] > next) _ranges.Add((next, pairs[i] - 1));
            next = pairs[i + 1] + 1;
        }

        if (negated) _ranges.Add((next, CodePointRanges.Max));
    }

    private string Write(bool negated)
    {
        var ranges = CodePointRanges.Merged(_ranges);
        if (negated && _properties.Length > 0)
            return _takesAllPairs ? $"[^{CodePointRanges.Units(ranges)}{_properties}]" : $"(?:{AnyPair}|[^{CodePointRanges.Units(ranges)}{_properties}])";
        if (negated) ranges = CodePointRanges.Complement(ranges);
        var units = CodePointRanges.Units(ranges) + _properties;
        var pairs = _takesAllPairs ? [AnyPair] : CodePointRanges.Pairs(ranges);
        if (pairs.Count == 0) return units.Length == 0 ? @"[^\s\S]" : $"[{units}]";
        if (units.Length > 0) pairs.Add($"[{units}]");
        return $"(?:{string.Join('|', pairs)})";
    }
}
