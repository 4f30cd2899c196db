namespace Kublambda.Triggers;

/// <summary>Which kind of objects.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">For example <c>v1</c>.</param>
/// <param name="Kind">For example <c>Pod</c>.</param>
public sealed record GroupVersionKind(string Group, string Version, string Kind)
{
    /// <summary><c>group/version</c>, or the version alone for the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Below the API server's address: <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public string Root => Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";

    /// <exception cref="FormatException"><paramref name="apiVersion"/> is neither <c>version</c> nor <c>group/version</c>.</exception>
    public static GroupVersionKind Of(string apiVersion, string kind)
    {
        var parts = apiVersion.Split('/');
        return parts.Length switch
        {
            1 when IsName(parts[0]) => new GroupVersionKind("", parts[0], kind),
            2 when IsName(parts[0]) && IsName(parts[1]) => new GroupVersionKind(parts[0], parts[1], kind),
            _ => throw new FormatException($"\"{apiVersion}\" is not an apiVersion: write group/version, for example apps/v1, or v1 for the core group."),
        };
    }

    public override string ToString() => $"{ApiVersion} {Kind}";

    private static bool IsName(string text) =>
        text.Length is > 0 and <= 253 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]) && !text.Contains("..", StringComparison.Ordinal);
}
