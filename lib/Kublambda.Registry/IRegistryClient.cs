namespace Kublambda.Registry;

/// <summary>
/// The OCI distribution specification, as much of it as is needed here, against the push side of one registry.
/// Transient faults are retried a few times; what remains is a <see cref="RegistryException"/>.
/// </summary>
public interface IRegistryClient
{
    /// <summary>Asks whether a manifest is there.</summary>
    /// <param name="repository">Path without host.</param>
    /// <param name="reference">Tag or digest.</param>
    /// <returns>Null where it is not.</returns>
    Task<Descriptor?> HeadManifestAsync(string repository, string reference, CancellationToken cancellationToken);

    /// <summary>Reads a manifest of 4 MiB at most; its bytes are checked against its digest.</summary>
    /// <returns>Null where it is not there.</returns>
    Task<ManifestContent?> GetManifestAsync(string repository, string reference, CancellationToken cancellationToken);

    /// <summary>Writes a manifest. Its blobs have to be there.</summary>
    Task<Descriptor> PutManifestAsync(
        string repository, string reference, string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    Task<bool> BlobExistsAsync(string repository, string digest, CancellationToken cancellationToken);

    /// <summary>Writes a blob unless it is there already.</summary>
    /// <param name="size">Bytes that <paramref name="open"/> gives; another number is an error.</param>
    /// <param name="open">Opens the content from its beginning; called again for each retry.</param>
    Task PushBlobAsync(string repository, string digest, long size, Func<Stream> open, CancellationToken cancellationToken);

    /// <summary>Makes a blob of another repository of the same registry appear in this one without moving bytes.</summary>
    /// <returns>False where the registry will not: push it then.</returns>
    Task<bool> MountBlobAsync(string repository, string digest, string fromRepository, CancellationToken cancellationToken);

    /// <summary>Reads a blob. The reader sets the bound; the end of the stream throws <see cref="RegistryException"/> where the digest differs.</summary>
    Task<Stream> OpenBlobAsync(string repository, string digest, CancellationToken cancellationToken);

    /// <summary>Deletes a manifest, and with it all its tags.</summary>
    /// <returns>False where it was gone already.</returns>
    Task<bool> DeleteManifestAsync(string repository, string digest, CancellationToken cancellationToken);

    /// <summary>All tags; none where the repository does not exist.</summary>
    IAsyncEnumerable<string> ListTagsAsync(string repository, CancellationToken cancellationToken);

    /// <summary>All repositories, also emptied ones that the registry still knows. Hosted registries often refuse this.</summary>
    IAsyncEnumerable<string> ListRepositoriesAsync(CancellationToken cancellationToken);

    /// <summary>Returns where the registry answers and accepts the credentials.</summary>
    Task PingAsync(CancellationToken cancellationToken);
}
