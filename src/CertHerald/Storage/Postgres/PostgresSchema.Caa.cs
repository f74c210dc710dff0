namespace CertHerald.Storage.Postgres;

/// <summary>The step that CAA records brought.</summary>
internal static partial class PostgresSchema
{
    // 'found' is null where the last look failed; 'told' is what 'notice' said, and 'heard' whether a channel has taken that.
    private const string Caa = """
        CREATE TABLE caa (
            name    text COLLATE "C" PRIMARY KEY,
            looked  bigint NOT NULL,
            found   text,
            problem text NOT NULL,
            told    text,
            notice  bigint,
            heard   boolean NOT NULL DEFAULT false
        );
        """;

    // Which node looks them up.
    private const string CaaLease = """
        CREATE TABLE caa_lease (
            id    integer PRIMARY KEY CHECK (id = 1),
            node  uuid NOT NULL,
            until bigint NOT NULL
        );
        """;
}
