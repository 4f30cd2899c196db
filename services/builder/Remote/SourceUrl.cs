using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Remote;

/// <summary>URLs of users in messages and logs.</summary>
internal static class SourceUrl
{
    /// <summary>Without user, password and query: signed URLs carry their secret there.</summary>
    public static string Show(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed)
            ? SourcePath.Show($"{parsed.Scheme}://{parsed.Authority}{parsed.AbsolutePath}{(parsed.Query.Length > 0 ? "?..." : "")}")
            : "the URL";
}
