using System.Net.Http.Headers;

namespace Kublambda.Registry;

/// <summary>What a 401 asks for: the parameters of one <c>WWW-Authenticate</c> header.</summary>
internal sealed record Challenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    public bool IsBasic => string.Equals(Scheme, "Basic", StringComparison.OrdinalIgnoreCase);

    public bool IsBearer => string.Equals(Scheme, "Bearer", StringComparison.OrdinalIgnoreCase);

    public string? this[string name] => Parameters.GetValueOrDefault(name);

    /// <summary>Reads <c>key="value",key=value</c>; quoted values may hold commas and backslash escapes.</summary>
    public static Challenge Parse(AuthenticationHeaderValue header)
    {
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var text = header.Parameter ?? "";
        var at = 0;
        while (at < text.Length)
        {
            var equals = text.IndexOf('=', at);
            if (equals < 0)
                break;
            var name = text[at..equals].Trim(' ', ',');
            at = equals + 1;
            var value = at < text.Length && text[at] == '"' ? Quoted(text, ref at) : Plain(text, ref at);
            parameters[name] = value;
        }
        return new Challenge(header.Scheme, parameters);
    }

    private static string Quoted(string text, ref int at)
    {
        var value = new System.Text.StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
                at++;
            value.Append(text[at]);
        }
        at++;
        return value.ToString();
    }

    private static string Plain(string text, ref int at)
    {
        var end = text.IndexOf(',', at);
        end = end < 0 ? text.Length : end;
        var value = text[at..end].Trim();
        at = end + 1;
        return value;
    }
}
