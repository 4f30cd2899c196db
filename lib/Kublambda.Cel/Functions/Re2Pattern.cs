using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Kublambda.Cel.Functions;

/// <summary>A pattern is not RE2 syntax, or is too large.</summary>
internal sealed class PatternException(string message) : Exception(message);

/// <summary>
/// Reads RE2 syntax and writes the .NET pattern that means the same, for the engine that never backtracks. Only what is understood is passed on,
/// so that nothing of .NET's own syntax (look-around, back references) gets in.
/// </summary>
/// <remarks>Differences that stay: <c>\b</c> knows Unicode letters, and script classes such as <c>\p{Greek}</c> are not there.</remarks>
internal sealed partial class Re2Pattern
{
    private const int MaxLength = 1_000;
    private const int MaxRepetition = 1_000;
    private const int MaxDepth = 100;

    private readonly string _pattern;
    private readonly StringBuilder _output = new();
    private int _at;
    private bool _multiline;
    private bool _dotAll;
    private bool _ungreedy;

    private Re2Pattern(string pattern) => _pattern = pattern;

    /// <summary>Characters and classes, each as often as it is repeated: what building the pattern costs.</summary>
    public int Size { get; private set; }

    public static Re2Pattern Read(string pattern)
    {
        if (pattern.Length > MaxLength) throw new PatternException($"longer than {MaxLength} characters");
        var reader = new Re2Pattern(pattern);
        reader.Alternatives(depth: 0, repeated: 1);
        return reader._at == pattern.Length ? reader : throw new PatternException("unexpected )");
    }

    public Regex Build()
    {
        try
        {
            return new Regex(_output.ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(2));
        }
        catch (Exception problem) when (problem is ArgumentException or NotSupportedException)
        {
            throw new PatternException(problem.Message);
        }
    }

    private bool Has(string text) => string.CompareOrdinal(_pattern, _at, text, 0, text.Length) == 0;

    private void Alternatives(int depth, int repeated)
    {
        if (depth > MaxDepth) throw new PatternException("nested too deeply");
        while (_at < _pattern.Length && _pattern[_at] != ')')
        {
            if (_pattern[_at] == '|')
            {
                _output.Append('|');
                _at++;
                continue;
            }

            // The repetition behind an atom multiplies what is inside it, so it has to be known first.
            var start = _at;
            var begin = _output.Length;
            var size = Size;
            var flags = (_multiline, _dotAll, _ungreedy);
            Atom(depth, repeated);
            var times = Repetition(out var quantifier);
            if (times > 1)
            {
                if ((long)repeated * times > MaxRepetition) throw new PatternException($"repeated more than {MaxRepetition} times");
                var end = _at;
                (_at, _output.Length) = (start, begin);
                (_multiline, _dotAll, _ungreedy) = flags;
                Size = size;
                Atom(depth, repeated * times);
                _at = end;
            }

            if (quantifier.Length > 0 && IsRepetition()) throw new PatternException("a repetition of a repetition");
            _output.Append(quantifier);
        }
    }

    private void Atom(int depth, int repeated)
    {
        Size += repeated;
        switch (_pattern[_at])
        {
            case '(':
                Group(depth, repeated);
                break;
            case '[':
                _output.Append(Re2Class.Read(_pattern, ref _at));
                break;
            case '\\':
                Escape();
                break;
            case '.':
                _at++;
                _output.Append(_dotAll ? $@"(?:{Re2Class.AnyPair}|[\s\S])" : $@"(?:{Re2Class.AnyPair}|[^\n])");
                break;
            case '^':
                _at++;
                _output.Append(_multiline ? "(?m:^)" : @"\A");
                break;
            case '$':
                _at++;
                _output.Append(_multiline ? "(?m:$)" : @"\z");
                break;
            case '*' or '+' or '?':
                throw new PatternException("nothing to repeat");
            default:
                Literal();
                break;
        }
    }

    private void Literal()
    {
        var isPair = _at + 1 < _pattern.Length && char.IsSurrogatePair(_pattern[_at], _pattern[_at + 1]);
        var text = _pattern.Substring(_at, isPair ? 2 : 1);
        _at += text.Length;
        _output.Append(isPair ? $"(?:{text})" : Regex.Escape(text));
    }

    private void Escape()
    {
        if (_at + 1 >= _pattern.Length) throw new PatternException("a \\ at the end");
        var c = _pattern[_at + 1];
        if (c == 'Q')
        {
            var end = _pattern.IndexOf(@"\E", _at, StringComparison.Ordinal);
            _output.Append(Regex.Escape(_pattern[(_at + 2)..(end < 0 ? _pattern.Length : end)]));
            _at = end < 0 ? _pattern.Length : end + 2;
        }
        else if (c is 'A' or 'z' or 'b' or 'B')
        {
            _output.Append('\\').Append(c);
            _at += 2;
        }
        else
        {
            _output.Append(Re2Class.ReadEscape(_pattern, ref _at));
        }
    }

    /// <summary>How often at most the atom before is repeated, for its size; 1 for none, * and +.</summary>
    private int Repetition(out string quantifier)
    {
        quantifier = "";
        if (_at >= _pattern.Length) return 1;
        var start = _at;
        var times = 1;
        if (_pattern[_at] is '*' or '+' or '?')
            _at++;
        else if (_pattern[_at] != '{' || !Bounds(out times))
            return 1;
        quantifier = _pattern[start.._at];
        var isLazy = _at < _pattern.Length && _pattern[_at] == '?';
        if (isLazy) _at++;
        if (isLazy != _ungreedy) quantifier += "?";
        return times;
    }

    private bool IsRepetition()
    {
        var start = _at;
        Repetition(out var quantifier);
        _at = start;
        return quantifier.Length > 0;
    }

    private bool Bounds(out int times)
    {
        times = 1;
        var end = _pattern.IndexOf('}', _at);
        if (end < 0) return false;
        var parts = _pattern[(_at + 1)..end].Split(',');
        if (parts.Length > 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var least)) return false;
        var most = least;
        if (parts.Length == 2 && parts[1].Length > 0 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out most)) return false;
        if (most < least || most > MaxRepetition) throw new PatternException($"bad repetition {{{string.Join(',', parts)}}}; at most {MaxRepetition}");
        times = Math.Max(1, most);
        _at = end + 1;
        return true;
    }
}
