using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Kublambda.Registry;

/// <summary>Content digests: <c>sha256:</c> and 64 lower-case hex digits.</summary>
public static partial class Digest
{
    internal const string Prefix = "sha256:";

    public static string Of(ReadOnlySpan<byte> content) => Prefix + Convert.ToHexStringLower(SHA256.HashData(content));

    public static bool IsValid(string? digest) => digest is not null && Pattern().IsMatch(digest);

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
