using System.Text;

namespace Kublambda.Cel.Functions;

internal sealed partial class Re2Pattern
{
    private void Group(int depth, int repeated)
    {
        _at++;
        var outer = (_multiline, _dotAll, _ungreedy);
        if (Has("?P<") || Has("?<"))
        {
            NamedGroup();
        }
        else if (Has("?"))
        {
            if (Flags()) return;
        }
        else
        {
            _output.Append('(');
        }

        Alternatives(depth + 1, repeated);
        if (_at >= _pattern.Length) throw new PatternException("missing )");
        _at++;
        _output.Append(')');
        (_multiline, _dotAll, _ungreedy) = outer;
    }

    private void NamedGroup()
    {
        _at += Has("?P<") ? 3 : 2;
        var end = _pattern.IndexOf('>', _at);
        var name = end < 0 ? "" : _pattern[_at..end];
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')) throw new PatternException("bad group: look-around is not part of RE2, and names are letters, digits and _");
        _at = end + 1;
        _output.Append("(?:");
    }

    /// <summary>True for <c>(?i)</c>, which is complete; false when a group follows.</summary>
    private bool Flags()
    {
        _at++;
        var on = true;
        var known = new StringBuilder();
        while (_at < _pattern.Length && _pattern[_at] is 'i' or 'm' or 's' or 'U' or '-')
        {
            var flag = _pattern[_at++];
            if (flag == '-') on = false;
            if (flag == 'm') _multiline = on;
            if (flag == 's') _dotAll = on;
            if (flag == 'U') _ungreedy = on;
            if (flag is 'i') known.Append(on ? "i" : "-i");
        }

        if (_at >= _pattern.Length || _pattern[_at] is not (')' or ':')) throw new PatternException("only the groups (?:...), (?P<name>...) and the flags i, m, s, U are known");
        var isWhole = _pattern[_at++] == ')';
        _output.Append("(?").Append(known).Append(isWhole && known.Length > 0 ? ")" : isWhole ? ":)" : ":");
        return isWhole;
    }
}
