using System.Text.RegularExpressions;
using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Remote;

/// <summary>
/// A git URL that is safe to hand to git: an absolute https, http or ssh URL, nothing that is an option, a helper (<c>ext::</c>), a path or
/// <c>user@host:path</c>. The controller has refused others already; this is the last check, where it counts.
/// </summary>
internal sealed partial record GitSourceUrl(Uri Uri)
{
    public string Scheme => Uri.Scheme;
    public string Host => Uri.IdnHost;
    public int Port => Uri.Port >= 0 ? Uri.Port : 22;
    public bool IsSsh => Scheme == "ssh";

    /// <summary>What git gets.</summary>
    public string Text => Uri.AbsoluteUri;

    /// <summary>For messages.</summary>
    public string Shown => SourceUrl.Show(Text);

    /// <exception cref="SourceRefusedException">It is none.</exception>
    public static GitSourceUrl Parse(string text)
    {
        if (!Shape().IsMatch(text) || !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.Host[0] == '-')
            throw Refuse(text, "is no https or ssh URL such as https://git.example.com/team/app.git");
        if (uri.Scheme is not ("https" or "http" or "ssh"))
            throw Refuse(text, $"has the scheme {uri.Scheme}; only https, http and ssh are fetched from");
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw Refuse(text, "has a query or fragment");
        if (uri.Scheme != "ssh" && uri.UserInfo.Length > 0)
            throw Refuse(text, "holds a user or password; put them into a Secret and name it in spec.source.git.secretRef");
        if (uri.Scheme == "ssh" && !User().IsMatch(uri.UserInfo))
            throw Refuse(text, "has a user that is no plain name");
        return new GitSourceUrl(uri);
    }

    private static SourceRefusedException Refuse(string text, string why) => new($"spec.source.git.url (\"{SourcePath.Show(Secret().Replace(text, "//...@"))}\") {why}.");

    [GeneratedRegex(@"\A[a-z]+://[A-Za-z0-9._~:/@%+\[\]-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();

    [GeneratedRegex("//.*@", RegexOptions.CultureInvariant)]
    private static partial Regex Secret();

    [GeneratedRegex(@"\A([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex User();
}
