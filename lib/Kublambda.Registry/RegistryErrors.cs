using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kublambda.Registry;

/// <summary>Errors that name host, operation and remedy.</summary>
internal sealed partial class RegistryErrors(RegistryOptions options, TimeProvider time)
{
    private const int MaxErrorBytes = 16 * 1024;

    /// <summary>An error of an operation, with host and operation put before the words.</summary>
    public RegistryException Of(RegistryErrorKind kind, string operation, string words, Exception? inner = null) =>
        new(kind, $"Registry {options.PushHost}: {operation}: {words}", inner);

    /// <summary>What an answer that was not wanted means; reads a bounded part of its body.</summary>
    public async Task<RegistryException> OfAsync(
        RegistryRequest request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var (code, words, full) = ReadError(await response.Content.ReadUpToAsync(MaxErrorBytes, cancellationToken));
        var status = (int)response.StatusCode;
        var deletes = request.Method == HttpMethod.Delete;
        var kind = status switch
        {
            507 => RegistryErrorKind.Full,
            >= 400 when full => RegistryErrorKind.Full,
            401 => RegistryErrorKind.Unauthorized,
            403 => RegistryErrorKind.Forbidden,
            429 => RegistryErrorKind.TooManyRequests,
            408 or >= 500 and not 501 => RegistryErrorKind.Unavailable,
            // The digest in the URL is well formed: distribution 2.8 read a link file while another request was writing it.
            400 when deletes && code == "DIGEST_INVALID" => RegistryErrorKind.Unavailable,
            400 or 405 or 501 when deletes && (code == "UNSUPPORTED" || status != 400) => RegistryErrorKind.DeletionDisabled,
            _ => RegistryErrorKind.Invalid,
        };
        var message = string.Create(CultureInfo.InvariantCulture, $"{status} {code} {words}").Trim();
        return new RegistryException(kind, $"Registry {options.PushHost}: {request.Operation}: {message}. {Remedy(kind)}".TrimEnd())
        {
            Status = response.StatusCode,
            RetryAfter = Wait(response),
        };
    }

    /// <summary>Retry-After in either of its forms, seconds or a date.</summary>
    private TimeSpan? Wait(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => TimeSpan.Zero,
        };
        return wait > TimeSpan.Zero ? wait : null;
    }

    /// <summary>What to do about it; empty where nothing general can be said.</summary>
    public string Remedy(RegistryErrorKind kind) => kind switch
    {
        RegistryErrorKind.Unavailable => "Check that the registry runs, and that Registry__PushHost and Registry__Insecure are right.",
        RegistryErrorKind.Unauthorized when RegistryCredentials.FileOf(options) is { } file => $"Check the credentials in {file}.",
        RegistryErrorKind.Unauthorized => "The registry wants credentials and none are configured: give them in the Secret kublambda-registry.",
        RegistryErrorKind.Forbidden => "Give the account the right to pull, push and delete there.",
        RegistryErrorKind.Full => "Its disk is full or a quota used up: delete what is not needed and run its garbage collection, or give it more room.",
        RegistryErrorKind.DeletionDisabled => "Switch deletion on in the registry (distribution: storage.delete.enabled, or REGISTRY_STORAGE_DELETE_ENABLED=true).",
        RegistryErrorKind.TooManyRequests => "The registry limits requests: wait, or raise its limit.",
        _ => "",
    };

    /// <summary>The first error of <c>{"errors":[{"code","message","detail"}]}</c>, and whether it speaks of a lack of room; hostile or foreign bodies give nothing.</summary>
    private static (string Code, string Words, bool Full) ReadError(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var first = json.RootElement.GetProperty("errors")[0];
            var code = first.GetProperty("code").GetString() ?? "";
            var words = first.TryGetProperty("message", out var message) ? message.GetString() ?? "" : "";
            // What distribution says of its file system is Go's error: {"Op":"write","Path":...,"Err":28}, ENOSPC; 122 is EDQUOT.
            var detail = first.TryGetProperty("detail", out var more) ? more.GetRawText() : "";
            var full = NoRoom().IsMatch(detail) || NoRoom().IsMatch(words);
            return (code.Length > 64 ? code[..64] : code, words.Length > 512 ? words[..512] : words, full);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return ("", "", false);
        }
    }

    [GeneratedRegex("(?i)no space left|disk quota exceeded|quota exceeded|exceed[a-z]{0,3} [^\"]{0,40}quota|\"Err\":(?:28|122)\\b")]
    private static partial Regex NoRoom();
}
