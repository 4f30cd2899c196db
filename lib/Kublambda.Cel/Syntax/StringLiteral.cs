using System.Text;

namespace Kublambda.Cel.Syntax;

/// <summary>String and bytes literals: single or triple quotes, raw, with escapes.</summary>
internal ref struct StringLiteral
{
    private readonly SourceText _source;
    private readonly string _text;
    private readonly int _start;
    private readonly bool _isBytes;
    private readonly StringBuilder _characters = new();
    private readonly List<byte> _bytes = [];
    private int _at;

    private StringLiteral(SourceText source, int start, int at, bool isBytes)
    {
        _source = source;
        _text = source.Text;
        _start = start;
        _at = at;
        _isBytes = isBytes;
    }

    /// <summary>Whether a literal begins here: a quote, or one of the prefixes r, b and br before it.</summary>
    public static bool Starts(string text, int at)
    {
        if (at < text.Length && text[at] is 'b' or 'B') at++;
        if (at < text.Length && text[at] is 'r' or 'R') at++;
        return at < text.Length && text[at] is '"' or '\'';
    }

    public static CelValue Read(SourceText source, ref int at)
    {
        var start = at;
        var isBytes = source.Text[at] is 'b' or 'B';
        if (isBytes) at++;
        var isRaw = source.Text[at] is 'r' or 'R';
        if (isRaw) at++;
        var literal = new StringLiteral(source, start, at, isBytes);
        literal.Body(isRaw);
        at = literal._at;
        return isBytes ? new CelBytes(literal._bytes.ToArray()) : new CelString(literal._characters.ToString());
    }

    private void Body(bool isRaw)
    {
        var quote = _text[_at];
        var triple = _at + 2 < _text.Length && _text[_at + 1] == quote && _text[_at + 2] == quote;
        var closing = new string(quote, triple ? 3 : 1);
        _at += closing.Length;
        while (!(_at < _text.Length && string.CompareOrdinal(_text, _at, closing, 0, closing.Length) == 0))
        {
            if (_at >= _text.Length || (!triple && _text[_at] is '\n' or '\r'))
                throw _source.SyntaxError("this string is not closed", _start, triple ? $"it ends with {closing}" : "a string over several lines is written between triple quotes");
            if (_text[_at] == '\\' && isRaw)
                Raw();
            else if (_text[_at] == '\\')
                Escape();
            else
                Plain();
        }

        _at += closing.Length;
    }

    // In a raw string a backslash is a character like others.
    private void Raw() => Append(_text[_at++].ToString());

    private void Plain()
    {
        var width = _at + 1 < _text.Length && char.IsSurrogatePair(_text[_at], _text[_at + 1]) ? 2 : 1;
        Append(_text.Substring(_at, width));
        _at += width;
    }

    private readonly void Append(string characters)
    {
        if (_isBytes)
            _bytes.AddRange(Encoding.UTF8.GetBytes(characters));
        else
            _characters.Append(characters);
    }

    private void Escape()
    {
        var position = _at++;
        var c = _at < _text.Length ? _text[_at++] : '\0';
        var simple = c switch
        {
            'a' => '\a',
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\v',
            '\\' or '?' or '"' or '\'' or '`' => c,
            _ => '\0',
        };
        if (simple != '\0')
            Append(simple.ToString());
        else if (c is 'x' or 'X')
            Octet(Digits(2, 16, position));
        else if (c is >= '0' and <= '3')
            OctalOctet(position);
        else if (c is 'u' or 'U' && !_isBytes)
            CodePoint(Digits(c == 'u' ? 4 : 8, 16, position), position);
        else
            throw _source.SyntaxError($"'\\{c}' is not an escape{(_isBytes ? " of bytes" : "")}", position, "a backslash itself is written \\\\, or the string raw: r'...'");
    }

    private void OctalOctet(int position)
    {
        _at--;
        Octet(Digits(3, 8, position));
    }

    private readonly void Octet(int value)
    {
        if (_isBytes)
            _bytes.Add((byte)value);
        else
            _characters.Append((char)value);
    }

    // Halves of a surrogate pair are no code points, not even two of them that would fit together.
    private readonly void CodePoint(int value, int position)
    {
        if (!Rune.IsValid(value))
            throw _source.SyntaxError("this escape is not a Unicode code point", position, "characters past \\uFFFF are written with eight digits, such as \\U0001F600");
        _characters.Append(new Rune(value).ToString());
    }

    private int Digits(int count, int radix, int position)
    {
        long value = 0;
        for (var i = 0; i < count; i++, _at++)
        {
            var digit = _at < _text.Length && char.IsAsciiHexDigit(_text[_at]) ? Convert.ToInt32(_text[_at].ToString(), 16) : radix;
            if (digit >= radix) throw _source.SyntaxError($"this escape needs {count} {(radix == 8 ? "octal" : "hexadecimal")} digits", position);
            value = (value * radix) + digit;
        }

        return value > int.MaxValue ? -1 : (int)value;
    }
}
