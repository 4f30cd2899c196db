using System.Net;
using System.Net.Http.Headers;
using System.Text;
using k8s;
using k8s.Autorest;

namespace Kublambda.Kubernetes;

/// <summary>
/// Plain HTTP to the API server with the credentials of the client, for what its typed calls do not offer: streaming
/// watches with every parameter, and server-side apply with a field manager.
/// </summary>
public sealed class RawApi(IKubernetes client)
{
    private static readonly MediaTypeWithQualityHeaderValue Json = new("application/json");
    private static readonly MediaTypeWithQualityHeaderValue MetadataList =
        MediaTypeWithQualityHeaderValue.Parse("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    private readonly k8s.Kubernetes _client = client as k8s.Kubernetes
        ?? throw new ArgumentException("A k8s.Kubernetes client is needed.", nameof(client));

    /// <summary>Sends, and returns once the headers are there.</summary>
    /// <exception cref="HttpOperationException">The API server answered with anything but 2xx.</exception>
    /// <exception cref="HttpRequestException">No answer.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string pathAndQuery, HttpContent? content, CancellationToken cancellationToken) =>
        SendAsync(method, pathAndQuery, content, [Json], cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string pathAndQuery, HttpContent? content, IEnumerable<MediaTypeWithQualityHeaderValue> accept, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, pathAndQuery)) { Content = content };
        // A connection of its own: when one stalls, giving up on it closes it, and nothing else waits behind it.
        request.Version = HttpVersion.Version11;
        foreach (var type in accept)
            request.Headers.Accept.Add(type);
        if (_client.Credentials is { } credentials)
            await credentials.ProcessHttpRequestAsync(request, cancellationToken);

        var response = await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
            return response;

        using (response)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new HttpOperationException($"{method} {pathAndQuery}: {(int)response.StatusCode} {body}")
            {
                Request = new HttpRequestMessageWrapper(request, ""),
                Response = new HttpResponseMessageWrapper(response, body),
            };
        }
    }

    public Task<HttpResponseMessage> GetAsync(string pathAndQuery, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, pathAndQuery, null, cancellationToken);

    /// <summary>A list whose items have <c>metadata</c> alone, or whole ones from a server that cannot leave the rest out.</summary>
    public Task<HttpResponseMessage> GetMetadataAsync(string pathAndQuery, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, pathAndQuery, null, [MetadataList, Json], cancellationToken);

    public async Task<string> PatchAsync(string pathAndQuery, string contentType, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        using var response = await SendAsync(HttpMethod.Patch, pathAndQuery, content, cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    /// <summary><c>?a=b&amp;c=d</c> of the pairs whose value is not null.</summary>
    public static string Query(params IEnumerable<(string Name, string? Value)> pairs)
    {
        var set = pairs.Where(pair => pair.Value is not null).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}");
        return "?" + string.Join('&', set);
    }
}
