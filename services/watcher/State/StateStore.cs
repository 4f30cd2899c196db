using Kublambda.Watcher.Streams;
using Microsoft.Data.Sqlite;

namespace Kublambda.Watcher.State;

/// <summary>Where a stream stands.</summary>
/// <param name="Position">resourceVersion to watch from; empty: it has not been listed yet.</param>
/// <param name="Relist">Its history is lost: compare before watching.</param>
internal sealed record StreamPosition(string Position, bool Relist);

/// <summary>
/// The last seen state of all streams, in a SQLite file: only a cache of the log, so that memory does not grow with the number
/// and size of objects. Made anew each time; nothing in it is worth keeping, so it is not synchronised with the disk.
/// </summary>
internal sealed class StateStore : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _turn = new();
    private readonly Dictionary<string, StreamPosition> _positions = new(StringComparer.Ordinal);
    private readonly string _path;

    public StateStore(string path)
    {
        _path = path;
        File.Delete(path);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        Run("pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive; pragma cache_size = -4096");
        Run("create table objects (stream text not null, key text not null, uid text not null, version text not null, body blob not null, primary key (stream, key)) without rowid");
    }

    /// <summary>Objects in all streams.</summary>
    public int Count { get; private set; }

    public IReadOnlyCollection<string> Streams
    {
        get
        {
            lock (_turn)
                return [.. _positions.Keys];
        }
    }

    public StreamPosition? Position(string stream)
    {
        lock (_turn)
            return _positions.GetValueOrDefault(stream);
    }

    public ObjectState? Get(string stream, string key)
    {
        lock (_turn)
        {
            using var command = Command("select uid, version, body from objects where stream = $stream and key = $key", ("$stream", stream), ("$key", key));
            using var reader = command.ExecuteReader();
            return reader.Read() ? new ObjectState(key, reader.GetString(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2)) : null;
        }
    }

    /// <summary>Keys of a stream's objects with their versions, without their bodies.</summary>
    public Dictionary<string, string> Versions(string stream)
    {
        lock (_turn)
        {
            using var command = Command("select key, version from objects where stream = $stream", ("$stream", stream));
            using var reader = command.ExecuteReader();
            var versions = new Dictionary<string, string>(StringComparer.Ordinal);
            while (reader.Read())
                versions.Add(reader.GetString(0), reader.GetString(1));
            return versions;
        }
    }

    /// <summary>Does what the records say, all or nothing.</summary>
    public void Apply(IEnumerable<StateRecord> records)
    {
        lock (_turn)
        {
            using var transaction = _connection.BeginTransaction();
            foreach (var record in records)
                Apply(record);
            transaction.Commit();
        }
    }

    private void Apply(StateRecord record)
    {
        switch (record.Kind)
        {
            case StateRecordKind.Put:
                Count += Exists(record) ? 0 : 1;
                Execute(
                    "insert or replace into objects values ($stream, $key, $uid, $version, $body)",
                    ("$stream", record.Stream), ("$key", record.Key), ("$uid", record.Uid), ("$version", record.Version), ("$body", record.Body));
                break;
            case StateRecordKind.Delete:
                Count -= Execute("delete from objects where stream = $stream and key = $key", ("$stream", record.Stream), ("$key", record.Key));
                break;
            case StateRecordKind.Drop:
                Count -= Execute("delete from objects where stream = $stream", ("$stream", record.Stream));
                _positions.Remove(record.Stream);
                return;
            case StateRecordKind.Relist:
                _positions[record.Stream] = (_positions.GetValueOrDefault(record.Stream) ?? new StreamPosition("", false)) with { Relist = true };
                return;
        }

        if (record.Position.Length > 0)
            _positions[record.Stream] = new StreamPosition(record.Position, record.Kind != StateRecordKind.Position && Relisting(record.Stream));
    }

    /// <summary>All of it as records, for a new log.</summary>
    public IEnumerable<StateRecord> Snapshot()
    {
        // Page by page: nobody else waits for the whole of it, and only one page is in memory. The caller lets nothing change meanwhile.
        var (stream, key) = ("", "");
        while (true)
        {
            var page = Page(stream, key);
            foreach (var record in page)
                yield return record;
            if (page.Count == 0)
                break;
            (stream, key) = (page[^1].Stream, page[^1].Key);
        }

        foreach (var (each, position) in _positions)
        {
            if (position.Position.Length > 0)
                yield return StateRecord.At(each, position.Position);
            if (position.Relist)
                yield return new StateRecord(StateRecordKind.Relist) { Stream = each };
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        File.Delete(_path);
    }

    private bool Relisting(string stream) => _positions.GetValueOrDefault(stream)?.Relist == true;

    private bool Exists(StateRecord record)
    {
        using var command = Command("select 1 from objects where stream = $stream and key = $key", ("$stream", record.Stream), ("$key", record.Key));
        return command.ExecuteScalar() is not null;
    }

    private List<StateRecord> Page(string stream, string key)
    {
        lock (_turn)
        {
            using var command = Command(
                "select stream, key, uid, version, body from objects where (stream, key) > ($stream, $key) order by stream, key limit 50", ("$stream", stream), ("$key", key));
            using var reader = command.ExecuteReader();
            var page = new List<StateRecord>();
            while (reader.Read())
            {
                page.Add(new StateRecord(StateRecordKind.Put)
                {
                    Stream = reader.GetString(0),
                    Key = reader.GetString(1),
                    Uid = reader.GetString(2),
                    Version = reader.GetString(3),
                    Body = reader.GetFieldValue<byte[]>(4),
                });
            }

            return page;
        }
    }

    private int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

#pragma warning disable CA2100 // Constants of this file.
    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }
#pragma warning restore CA2100
}
