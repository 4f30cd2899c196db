using System.Text;
using System.Text.RegularExpressions;

namespace Kublambda.Hosting.Logs;

/// <summary>
/// Hides what must not be read in a log that others see. Passwords in URLs, headers with credentials, values of names that say
/// secret, the tokens of well-known services and private keys are recognised by their shape; other secrets have to be told.
/// Every pattern is bounded, so that a hostile log costs time in proportion to its length.
/// </summary>
public static partial class LogSecrets
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Hidden = "***";

    /// <summary>Shorter values are words that a log is full of.</summary>
    private const int ShortestSecret = 4;

    /// <param name="text">A log, or a part of it.</param>
    /// <param name="known">Values that are secret whatever they look like; also hidden where they stand in base64.</param>
    public static string Hide(string text, IEnumerable<string>? known = null)
    {
        foreach (var secret in (known ?? []).SelectMany(Forms).Where(s => s.Length >= ShortestSecret).Distinct(StringComparer.Ordinal).OrderByDescending(s => s.Length))
            text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        text = PrivateKey().Replace(text, Hidden);
        if (text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            text = EndOfPrivateKey().Replace(text, Hidden);
        text = UrlPassword().Replace(text, "$1" + Hidden);
        text = UrlToken().Replace(text, "$1" + Hidden);
        text = Header().Replace(text, "$1" + Hidden);
        text = Scheme().Replace(text, "$1" + Hidden);
        text = Named().Replace(text, "$1" + Hidden);
        return Token().Replace(text, Hidden);
    }

    /// <summary>Whether the name of a variable says that its value is secret.</summary>
    public static bool SaysSecret(string name) => SecretName().IsMatch(name);

    private static IEnumerable<string> Forms(string secret)
    {
        yield return secret;
        foreach (var line in secret.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            yield return line;
        yield return Convert.ToBase64String(Encoding.UTF8.GetBytes(secret));
    }

    private const string SecretWords = "passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|signing[-_]?key|credential|_auth";

    [GeneratedRegex($"(?i){SecretWords}|^auth$|(?:^|[-_])(?:pat|pwd|key)$")]
    private static partial Regex SecretName();

    [GeneratedRegex(@"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\z)")]
    private static partial Regex PrivateKey();

    // The log was cut within a key.
    [GeneratedRegex(@"\A[\s\S]*?-----END [A-Z ]{0,30}PRIVATE KEY-----")]
    private static partial Regex EndOfPrivateKey();

    [GeneratedRegex(@"(://[^\s/:@]{0,200}:)[^\s@/]{1,1000}(?=@)")]
    private static partial Regex UrlPassword();

    // https://TOKEN@host: what git and npm take. The user of ssh://git@host is no secret.
    [GeneratedRegex(@"(?i)(\bhttps?://)(?!\*\*\*@)[^\s/:@]{1,1000}(?=@)")]
    private static partial Regex UrlToken();

    [GeneratedRegex("(?i)(\\b(?:(?:proxy-)?authorization|x-registry-(?:auth|config)|private-token|job-token|x-api-key|x-auth-token|(?:set-)?cookie)[\"']?[ \\t]{0,4}:[ \\t\"']{0,4}(?:(?:basic|bearer|token|digest|negotiate)[ \\t]+)?)[^\\s\"'][^\\n\"']*")]
    private static partial Regex Header();

    [GeneratedRegex(@"(?i)(\b(?:basic|bearer)[ \t]+)(?=[^\s]{0,100}[0-9=._])[A-Za-z0-9._~+/=-]{8,}")]
    private static partial Regex Scheme();

    [GeneratedRegex($"(?i)((?<!unexpected )(?:{SecretWords})[\\w-]{{0,32}}[\"']?[ \\t]{{0,4}}[:=][ \\t]{{0,4}})(?!\\*\\*\\*)(?:\"[^\"\\n]*\"|'[^'\\n]*'|[^\\s\"',;]+)")]
    private static partial Regex Named();

    [GeneratedRegex(@"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{20,}|dckr_pat_[\w-]{16,}|xox[abeprs]-[\w-]{10,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}|pypi-[\w-]{30,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})")]
    private static partial Regex Token();
}
