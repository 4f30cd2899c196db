using System.Globalization;
using System.Text;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>An absolute URL or an absolute path, read as Go's <c>url.ParseRequestURI</c> reads it, since Kubernetes means that: a <c>#</c> is part of the path.</summary>
internal sealed class Url : CelOpaque
{
    private readonly string _text;
    private readonly string _path;

    private Url(string text, string scheme, string authority, string path, string query)
    {
        _text = text;
        _path = path;
        Scheme = scheme;
        Host = authority[(authority.LastIndexOf('@') + 1)..];
        Query = query;
    }

    public override string TypeName => "kubernetes.URL";

    /// <summary>In lower case; empty for a path.</summary>
    public string Scheme { get; }

    /// <summary>With the port, and an IPv6 address in brackets.</summary>
    public string Host { get; }

    /// <summary>What follows the first question mark.</summary>
    public string Query { get; }

    /// <summary>Without port and brackets.</summary>
    public string Hostname => Host[..PortStart].Trim('[', ']');

    public string Port => PortStart < Host.Length ? Host[(PortStart + 1)..] : "";

    /// <summary>The path with what has to be escaped in one escaped, as written where it is.</summary>
    public string EscapedPath => UrlText.EscapePath(_path);

    public override string Text => _text;

    private int PortStart => Host.LastIndexOf(':') is var colon && colon > Host.LastIndexOf(']') ? colon : Host.Length;

    public override bool SameAs(CelOpaque other) => other is Url url && string.Equals(url._text, _text, StringComparison.Ordinal);

    public override int Hash() => string.GetHashCode(_text, StringComparison.Ordinal);

    /// <summary>Null when the text is no absolute URL and no absolute path.</summary>
    public static Url? Parse(string text)
    {
        if (text.Length == 0 || text.Any(c => c is < ' ' or '\x7f')) return null;
        if (SchemeLength(text) is not { } length) return null;
        var scheme = text[..length].ToLowerInvariant();
        var rest = length == 0 ? text : text[(length + 1)..];
        var mark = rest.IndexOf('?', StringComparison.Ordinal);
        var query = mark < 0 ? "" : rest[(mark + 1)..];
        if (mark >= 0) rest = rest[..mark];
        if (!rest.StartsWith('/')) return scheme.Length > 0 ? new Url(text, scheme, "", "", query) : null;
        var authority = "";
        if (scheme.Length > 0 && rest.StartsWith("//", StringComparison.Ordinal))
        {
            var slash = rest.IndexOf('/', 2);
            authority = rest[2..(slash < 0 ? rest.Length : slash)];
            rest = slash < 0 ? "" : rest[slash..];
        }

        return UrlText.IsAuthority(authority) && UrlText.Unescape(rest, plusIsSpace: false) is not null ? new Url(text, scheme, authority, rest, query) : null;
    }

    /// <summary>The values of each key in the order they are written; what is not escaped rightly is left out.</summary>
    public CelMap Parameters()
    {
        var found = new Dictionary<string, List<CelValue>>(StringComparer.Ordinal);
        foreach (var part in Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Contains(';', StringComparison.Ordinal)) continue;
            var sign = part.IndexOf('=', StringComparison.Ordinal);
            var key = UrlText.Unescape(sign < 0 ? part : part[..sign], plusIsSpace: true);
            var value = UrlText.Unescape(sign < 0 ? "" : part[(sign + 1)..], plusIsSpace: true);
            if (key is null || value is null) continue;
            if (!found.TryGetValue(key, out var values)) found[key] = values = [];
            values.Add(new CelString(value));
        }

        return CelMap.Of(found.Select(entry => KeyValuePair.Create<CelValue, CelValue>(new CelString(entry.Key), CelList.Of(entry.Value))));
    }

    /// <summary>0 when there is no scheme, null when the text begins with a colon.</summary>
    private static int? SchemeLength(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiLetter(text[i])) continue;
            if (text[i] == ':') return i == 0 ? null : i;
            if (i == 0 || !(char.IsAsciiDigit(text[i]) || text[i] is '+' or '-' or '.')) return 0;
        }

        return 0;
    }
}

/// <summary>Percent signs in URLs.</summary>
internal static class UrlText
{
    // Beside letters and digits: what may stand in a path as it is, and in a host.
    private const string PathMarks = "-_.~!$&'()*+,;=:@/[]";
    private const string HostMarks = "-_.~!$&'()*+,;=:[]<>\"%";
    private const string UserMarks = "-_.~!$&'()*+,;=:%@";

    /// <summary>Null when a percent sign is not followed by two hexadecimal digits.</summary>
    public static string? Unescape(string text, bool plusIsSpace)
    {
        var bytes = new List<byte>(text.Length);
        var utf8 = CodePoints.ToUtf8(text);
        for (var i = 0; i < utf8.Length; i++)
        {
            if (utf8[i] == '+' && plusIsSpace)
            {
                bytes.Add((byte)' ');
            }
            else if (utf8[i] == '%')
            {
                if (i + 2 >= utf8.Length || !byte.TryParse(utf8.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return null;
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.Add(utf8[i]);
            }
        }

        return CodePoints.FromUtf8Lossy([.. bytes]);
    }

    /// <summary>A path whose percent signs are right.</summary>
    public static string EscapePath(string path)
    {
        if (path.All(c => IsPlain(c, PathMarks) || c == '%')) return path;
        var escaped = new StringBuilder();
        foreach (var unit in CodePoints.ToUtf8(path))
        {
            if (IsPlain((char)unit, PathMarks) || unit == '%')
                escaped.Append((char)unit);
            else
                escaped.Append('%').Append(unit.ToString("X2", CultureInfo.InvariantCulture));
        }

        return escaped.ToString();
    }

    /// <summary><c>user@host:port</c>, with the user and the port left out or not.</summary>
    public static bool IsAuthority(string authority)
    {
        var at = authority.LastIndexOf('@');
        if (at >= 0 && (!authority[..at].All(c => IsPlain(c, UserMarks)) || Unescape(authority[..at], plusIsSpace: false) is null)) return false;
        var host = authority[(at + 1)..];
        if (!host.All(c => c >= 0x80 || IsPlain(c, HostMarks)) || Unescape(host, plusIsSpace: false) is null) return false;
        if (!host.StartsWith('[')) return !host.Contains('[', StringComparison.Ordinal) && IsPort(host, host.IndexOf(':', StringComparison.Ordinal));
        var end = host.LastIndexOf(']');
        return end > 0 && (end == host.Length - 1 || (host[end + 1] == ':' && IsPort(host, end + 1)));
    }

    private static bool IsPort(string host, int colon) => colon < 0 || host[(colon + 1)..].All(char.IsAsciiDigit);

    private static bool IsPlain(char c, string marks) => char.IsAsciiLetterOrDigit(c) || marks.Contains(c, StringComparison.Ordinal);
}
