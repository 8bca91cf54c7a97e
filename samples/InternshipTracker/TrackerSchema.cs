namespace Godwit.Samples.InternshipTracker;

/// <summary>The tables as SQLAlchemy writes them for SQLite: a Flask application's models, unchanged for years.</summary>
internal static class TrackerSchema
{
    public const string Tables = """
        CREATE TABLE users (
        	id INTEGER NOT NULL, 
        	username VARCHAR(80) NOT NULL, 
        	email VARCHAR(120) NOT NULL, 
        	password_hash VARCHAR(255) NOT NULL, 
        	first_name VARCHAR(80), 
        	last_name VARCHAR(80), 
        	major VARCHAR(100), 
        	graduation_year INTEGER, 
        	location VARCHAR(200), 
        	bio TEXT, 
        	profile_picture VARCHAR(255), 
        	social_media JSON, 
        	created_at DATETIME DEFAULT CURRENT_TIMESTAMP, 
        	password_changed_at DATETIME, 
        	PRIMARY KEY (id), 
        	UNIQUE (username), 
        	UNIQUE (email)
        );
        CREATE TABLE internships (
        	id INTEGER NOT NULL, 
        	user_id INTEGER NOT NULL, 
        	company VARCHAR(200) NOT NULL, 
        	position VARCHAR(200) NOT NULL, 
        	location VARCHAR(200), 
        	status VARCHAR(50) DEFAULT 'applied' NOT NULL, 
        	date_applied DATE, 
        	application_deadline DATE, 
        	description TEXT, 
        	salary_range VARCHAR(100), 
        	notes TEXT, 
        	contacts JSON, 
        	next_action VARCHAR(200), 
        	next_action_date DATE, 
        	next_action_completed BOOLEAN DEFAULT 0, 
        	created_at DATETIME DEFAULT CURRENT_TIMESTAMP, 
        	updated_at DATETIME, 
        	PRIMARY KEY (id), 
        	CONSTRAINT ck_internships_status CHECK (status IN ('wishlist', 'applied', 'interviewing', 'offer', 'rejected', 'withdrawn')), 
        	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
        );
        CREATE TABLE friendships (
        	id INTEGER NOT NULL, 
        	user_id INTEGER NOT NULL, 
        	friend_id INTEGER NOT NULL, 
        	status VARCHAR(20) DEFAULT 'pending' NOT NULL, 
        	created_at DATETIME DEFAULT CURRENT_TIMESTAMP, 
        	PRIMARY KEY (id), 
        	CONSTRAINT uq_friendships_pair UNIQUE (user_id, friend_id), 
        	CONSTRAINT ck_friendships_status CHECK (status IN ('pending', 'accepted', 'declined')), 
        	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
        	FOREIGN KEY(friend_id) REFERENCES users (id) ON DELETE CASCADE
        );
        """;

    /// <summary>Made after the rows: one sort each instead of millions of insertions. friendships.friend_id has none, as in many a real application.</summary>
    public const string Indexes = """
        CREATE INDEX ix_internships_user_id ON internships (user_id);
        CREATE INDEX ix_internships_status_date_applied ON internships (status, date_applied);
        CREATE INDEX ix_internships_open_actions ON internships (next_action_date) WHERE next_action_completed = 0;
        CREATE INDEX ix_users_graduation_year ON users (graduation_year);
        """;
}
