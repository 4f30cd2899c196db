using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Kublambda.Registry;

/// <summary>Reads lists of names, page by page.</summary>
internal sealed class RegistryPages(RegistryTransport transport)
{
    private const int MaxPageBytes = 8 * 1024 * 1024;
    private const int MaxPages = 1000;

    /// <summary>The names under <paramref name="property"/> of all pages; none where the first request is answered with 404.</summary>
    public async IAsyncEnumerable<string> ReadAsync(
        RegistryRequest first, string property, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = first;
        for (var page = 0; ; page++)
        {
            if (page == MaxPages)
                throw transport.Errors.Of(RegistryErrorKind.Invalid, first.Operation, $"more than {MaxPages} pages.");
            List<string> names;
            Uri? next;
            using (var response = await transport.SendAsync(request, cancellationToken))
            {
                if (response.StatusCode == HttpStatusCode.NotFound)
                    yield break;
                names = ReadNames(await transport.ReadAsync(request, response, MaxPageBytes, cancellationToken), property, request);
                next = NextPage(response, request);
            }
            foreach (var name in names)
                yield return name;
            if (next is null || names.Count == 0)
                yield break;
            request = request with { Url = next };
        }
    }

    /// <summary>The target of <c>Link: &lt;...&gt;; rel="next"</c>, by path and query only: pages come from the same host.</summary>
    private Uri? NextPage(HttpResponseMessage response, RegistryRequest request)
    {
        if (!response.Headers.TryGetValues("Link", out var values)
            || values.FirstOrDefault() is not { } link
            || !link.Contains("next", StringComparison.OrdinalIgnoreCase))
            return null;
        var (open, close) = (link.IndexOf('<', StringComparison.Ordinal), link.IndexOf('>', StringComparison.Ordinal));
        if (open < 0 || close < open || !Uri.TryCreate(response.RequestMessage!.RequestUri!, link[(open + 1)..close], out var target))
            throw transport.Errors.Of(RegistryErrorKind.Invalid, request.Operation, "its Link header cannot be read.");
        return new Uri(target.PathAndQuery, UriKind.Relative);
    }

    private List<string> ReadNames(byte[] body, string property, RegistryRequest request)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty(property, out var names) && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Select(name => name.GetString()).OfType<string>()]
                : [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw transport.Errors.Of(
                RegistryErrorKind.Invalid, request.Operation, "the answer is not what the distribution specification asks for. Is Registry__PushHost a registry?", e);
        }
    }
}
