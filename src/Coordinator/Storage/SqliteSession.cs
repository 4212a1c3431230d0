using Microsoft.Data.Sqlite;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>One connection with its prepared statements. Used by one caller at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> prepared = [];

    public SqliteSession(string connectionString, params string[] pragmas)
    {
        connection = new(connectionString);
        try
        {
            connection.Open();
            foreach (var pragma in pragmas)
                Execute($"PRAGMA {pragma}");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs a statement whose parameters are <c>?1</c>, <c>?2</c>, …</summary>
    /// <returns>How many rows it changed.</returns>
    public int Execute(string sql, params object[] values) => Bind(sql, values).ExecuteNonQuery();

    public long Number(string sql, params object[] values) =>
        Bind(sql, values).ExecuteScalar() is long number ? number : throw new InvalidOperationException($"No number came from: {sql}");

    /// <summary>The rows of a query whose parameters are <c>?1</c>, <c>?2</c>, …</summary>
    public List<T> Rows<T>(string sql, Func<SqliteDataReader, T> row, params object[] values)
    {
        using var reader = Bind(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(row(reader));
        return rows;
    }

    public void Dispose()
    {
        foreach (var command in prepared.Values)
            command.Dispose();
        connection.Dispose();
    }

    private SqliteCommand Bind(string sql, object[] values)
    {
        if (!prepared.TryGetValue(sql, out var command))
            prepared[sql] = command = Prepare(sql, values.Length);
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        return command;
    }

    private SqliteCommand Prepare(string sql, int parameters)
    {
        var command = connection.CreateCommand();
        // Every text comes from a constant of this folder; values travel as parameters.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 1; i <= parameters; i++)
            command.Parameters.Add(new SqliteParameter { ParameterName = $"?{i}" });
        return command;
    }
}
