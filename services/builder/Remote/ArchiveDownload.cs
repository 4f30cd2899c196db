using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>Downloads <c>spec.source.archive</c> into a temporary file, and holds it to its digest.</summary>
public sealed class ArchiveDownload(SourceHttp http, IOptions<FetchOptions> options)
{
    private const int MaxRedirects = 5;

    /// <exception cref="SourceRefusedException">Wrong digest, forbidden address, too large, no archive, or a hostile one.</exception>
    /// <exception cref="SourceNotFoundException">The server has no such file.</exception>
    /// <exception cref="SourceUnavailableException">The server does not answer, or refuses.</exception>
    public async Task<Bundle> BundleAsync(ArchiveSource source, CancellationToken cancellationToken)
    {
        await using var file = ScratchFile.Create();
        using var patience = new Patience(options.Value.IdleTimeout, cancellationToken);
        await patience.OfAsync($"The server of {SourceUrl.Show(source.Url)}", p => DownloadAsync(source, file, p));
        return await SourceArchive.BundleAsync(file, SourceDirectory.Of(source.SubPath), cancellationToken);
    }

    private async Task<string> DownloadAsync(ArchiveSource source, FileStream file, Patience patience)
    {
        var cancellationToken = patience.Token;
        try
        {
            using var response = await OpenAsync(new Uri(source.Url), cancellationToken);
            if (response.Content.Headers.ContentLength > Limits.ArchiveBytes)
                throw TooLarge();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[81_920];
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                patience.Received(read);
                if (file.Length + read > Limits.ArchiveBytes)
                    throw TooLarge();
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            await file.FlushAsync(cancellationToken);
            var digest = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (digest != source.Sha256)
            {
                throw new SourceRefusedException(
                    $"The archive at {SourceUrl.Show(source.Url)} ({file.Length} bytes) has the SHA-256 {digest}, and spec.source.archive.sha256 says {source.Sha256}. Look whether the URL gives what you mean; if it does, write the first one there.",
                    Reasons.SourceChecksumMismatch);
            }

            return digest;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            if (Inner<SourceRefusedException>(e) is { } refused)
                throw refused;
            if (Inner<SourceUnavailableException>(e) is { } unavailable)
                throw unavailable;
            throw new SourceUnavailableException(Inner<AuthenticationException>(e) is { } tls
                ? $"The server of {SourceUrl.Show(source.Url)} shows a certificate that is not trusted: {tls.Message} The operator can add the authority that signed it (setting Fetch__CaFile)."
                : $"The server of {SourceUrl.Show(source.Url)} cannot be reached: {e.Message.TrimEnd('.')}. The build goes on by itself when it answers.");
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(Uri url, CancellationToken cancellationToken)
    {
        for (var hop = 0; ; hop++)
        {
            await http.CheckAsync(url, cancellationToken);
            var response = await http.GetAsync(url, cancellationToken);
            if (response.IsSuccessStatusCode)
                return response;
            using (response)
            {
                var next = (int)response.StatusCode is >= 300 and < 400 ? response.Headers.Location : null;
                if (next is null)
                    throw Refusal(url, response.StatusCode);
                next = new Uri(url, next);
                if (hop == MaxRedirects)
                    throw new SourceRefusedException($"The archive's URL is redirected more than {MaxRedirects} times. Write the last URL into spec.source.archive.url.", Reasons.SourceInvalid);
                if (next.Scheme != Uri.UriSchemeHttps && (next.Scheme != Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps))
                    throw new SourceRefusedException($"The archive's URL is redirected from {url.Scheme} to {SourcePath.Show(next.Scheme)}, which is refused. Use a server that stays with https.", Reasons.SourceInvalid);
                url = next;
            }
        }
    }

    private static Exception Refusal(Uri url, HttpStatusCode status)
    {
        var shown = SourceUrl.Show(url.ToString());
        return status switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new SourceNotFoundException($"There is nothing at {shown} ({(int)status}). Look at spec.source.archive.url; the build starts by itself when the file is there."),
            HttpStatusCode.ProxyAuthenticationRequired => new SourceUnavailableException("The proxy for sources wants a user and a password, or others (407). The operator has to look at Fetch__Proxy."),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new SourceUnavailableException($"The server of {shown} refuses ({(int)status}). The archive has to be readable without credentials; a signed URL works.", Reasons.SourceUnauthorized),
            _ => new SourceUnavailableException($"The server of {shown} answers with {(int)status}. The build goes on by itself when it gives the file."),
        };
    }

    private static SourceRefusedException TooLarge() =>
        new($"The archive is larger than {Limits.ArchiveBytes / (1024 * 1024)} MiB. Leave out what the function does not need.", Reasons.SourceInvalid);

    private static T? Inner<T>(Exception e)
        where T : Exception
    {
        for (var inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is T found)
                return found;
        }

        return null;
    }
}
